// SPDX-License-Identifier: Apache-2.0
import type { Experiment } from './experiment.js';
import { hosts } from './hosts.js';
import { writers } from './writers.js';

/** In the order of their numbers. */
export const experiments: readonly Experiment[] = [...writers, ...hosts].sort((a, b) =>
  a.id < b.id ? -1 : 1,
);
