// SPDX-License-Identifier: Apache-2.0
import { hash } from 'node:crypto';
import { hex } from './hex.js';

/** What stands before the first event. */
export const GENESIS: Uint8Array = new Uint8Array(32);

export interface Link {
  readonly position: number;
  readonly stream: string;
  readonly revision: number;
  readonly id: string;
  readonly type: string;
  readonly meta: string;
  readonly data: string;
}

/**
 * The hash chain: h(n) = SHA-256(h(n-1) ‖ event), as text: the hash before in hexadecimal, then the event's position,
 * stream, revision, id, type, metadata and data, each on a line, so that any tool can recompute it. None but the last can
 * hold a line break, so that no two events have the same text. Whoever knows h(n) knows that nothing up to n was changed,
 * left out, added or reordered.
 */
export function chained(previous: Uint8Array, event: Link): Buffer {
  const { position, stream, revision, id, type, meta, data } = event;
  const text = `${hex(previous)}\n${position}\n${stream}\n${revision}\n${id}\n${type}\n${meta}\n${data}`;
  return hash('sha256', text, 'buffer');
}
