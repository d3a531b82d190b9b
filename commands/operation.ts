// SPDX-License-Identifier: Apache-2.0
import type { HandlerRequest, HandlerResult } from '../http/index.js';
import type { Operation } from '../schemas/index.js';

/** How long to wait for the outcome of long work before it is answered: as the route has it, or as the caller prefers. */
export const waitFor = ({ prefer }: Pick<HandlerRequest, 'prefer'>, preset: number): number =>
  prefer.respondAsync ? (prefer.waitMs ?? 0) : Math.min(prefer.waitMs ?? preset, preset);

/** Work that is not done yet: 202 and where to look. */
export const accepted = (operation: Operation, before: HandlerResult): HandlerResult => ({
  ...(before.position === undefined ? {} : { position: before.position }),
  status: 202,
  body: operation,
  headers: {
    Location: `/v1/operations/${operation.id}`,
    'Preference-Applied': 'respond-async',
    'Retry-After': '1',
  },
});
