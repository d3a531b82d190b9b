import { detail, type ErrorDetail } from '../kernel/index.js';
import type { Problem } from '../nginx/index.js';

/** A problem that nginx's grammar names, as an error of a field. */
export const problemDetail = (field: string, problem: Problem | undefined): ErrorDetail[] =>
  problem ? [detail(field, problem.code, problem.message)] : [];
