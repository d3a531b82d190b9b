// SPDX-License-Identifier: Apache-2.0
import type { Random } from '../kernel/index.js';

/** W3C Trace Context: what the caller belongs to, and our own part of it. */
export interface Trace {
  readonly traceId: string;
  /** Of the answer to this request. */
  readonly header: string;
}

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const ZEROS = /^0+$/;

/** From `traceparent`; undefined without one, or with one that is not in its form, which is to be ignored. */
export function traceOf(header: string | string[] | undefined, random: Random): Trace | undefined {
  const match = typeof header === 'string' ? TRACEPARENT.exec(header) : null;
  const [, version = '', traceId = '', parent = '', flags = '', more] = match ?? [];
  const known = match && version !== 'ff' && !(version === '00' && more !== undefined);
  if (!known || ZEROS.test(traceId) || ZEROS.test(parent)) {
    return undefined;
  }
  return { traceId, header: `00-${traceId}-${random.bytes(8).toString('hex')}-${flags}` };
}
