import { hash } from 'node:crypto';

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
 * The hash chain: h(n) = SHA-256(h(n-1) ‖ event), where the event is its position, stream, revision, id, type, metadata
 * and data, each on a line. None but the last can hold a line break, so that no two events have the same bytes.
 * Whoever knows h(n) knows that nothing up to n was changed, left out, added or reordered.
 */
export function chained(previous: Uint8Array, event: Link): Buffer {
  const text = `\n${event.position}\n${event.stream}\n${event.revision}\n${event.id}\n${event.type}\n${event.meta}\n${event.data}`;
  const length = Buffer.byteLength(text);
  const bytes = Buffer.allocUnsafe(32 + length);
  bytes.set(previous, 0);
  bytes.write(text, 32);
  return hash('sha256', bytes, 'buffer');
}
