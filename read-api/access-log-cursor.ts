// SPDX-License-Identifier: Apache-2.0
import { detail, invalid, isUuid } from '../kernel/index.js';
import type { LogPlace } from '../telemetry/index.js';

/** Where a page begins, and what the first page found out. Not a secret, and nothing is decided by it but the place. */
export interface Cursor {
  readonly place: LogPlace;
  readonly total: number;
  readonly partial: boolean;
  readonly range: { readonly from: string; readonly to: string };
}

const count = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

export const writeCursor = ({ place, total, partial, range }: Cursor): string =>
  Buffer.from(
    JSON.stringify([
      place.at,
      place.block,
      place.line,
      total,
      partial ? 1 : 0,
      Date.parse(range.from),
      Date.parse(range.to),
    ]),
  ).toString('base64url');

/** VALIDATION_ERROR for what was not made by `writeCursor`. */
export function readCursor(text: string): Cursor {
  try {
    const [at, block, line, total, partial, from, to] = JSON.parse(
      Buffer.from(text, 'base64url').toString('utf8'),
    ) as unknown[];
    const sound = [at, line, total, from, to].every(count) && typeof block === 'string';
    if (sound && (block === '' || isUuid(block))) {
      return {
        place: { at: Number(at), block, line: Number(line) },
        total: Number(total),
        partial: partial === 1,
        range: {
          from: new Date(Number(from)).toISOString(),
          to: new Date(Number(to)).toISOString(),
        },
      };
    }
  } catch {
    // Answered below.
  }
  throw invalid([detail('cursor', 'INVALID_FORMAT', 'Must be next_cursor of the page before')]);
}
