// SPDX-License-Identifier: Apache-2.0
/** Pages of events, the newest first, that what is emitted meanwhile does not move: each begins behind the one before. */
import { detail, invalid, isUuid, timestamp } from '../kernel/index.js';
import type { CustomEventDoc } from '../projections/index.js';
import type { Query } from '../read-store/index.js';

/** Where a page begins, and what the first page found out. Not a secret, and nothing is decided by it but the place. */
export interface EventCursor {
  /** The last event of the page before. */
  readonly emitted_at: string;
  readonly id: string;
  readonly page: number;
  readonly total: number;
}

export const writeEventCursor = ({ emitted_at, id, page, total }: EventCursor): string =>
  Buffer.from(JSON.stringify([Date.parse(emitted_at), id, page, total])).toString('base64url');

const MAX_INSTANT = 8.64e15;
const count = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

/** VALIDATION_ERROR for what was not made by `writeEventCursor`. */
export function readEventCursor(text: string): EventCursor {
  try {
    const [at, id, page, total] = JSON.parse(Buffer.from(text, 'base64url').toString('utf8')) as unknown[];
    const sound = count(at) && at <= MAX_INSTANT && count(page) && page > 0 && count(total);
    if (sound && typeof id === 'string' && isUuid(id)) {
      return { emitted_at: timestamp(at), id, page, total };
    }
  } catch {
    // Answered below.
  }
  throw invalid([detail('cursor', 'INVALID_FORMAT', 'Must be next_cursor of the page before')]);
}

/** Documents read at a time. */
const BATCH = 200;

/** The next events behind the cursor of those that may be shown. `load` gives them by time and id, falling. */
export async function eventsBehind(
  { emitted_at, id }: EventCursor,
  limit: number,
  load: (part: Pick<Query, 'to' | 'offset' | 'limit'>) => Promise<readonly CustomEventDoc[]>,
  isShown: (doc: CustomEventDoc) => boolean,
): Promise<readonly CustomEventDoc[]> {
  const found: CustomEventDoc[] = [];
  for (let offset = 0; found.length < limit; offset += BATCH) {
    const part = await load({ to: emitted_at, offset, limit: BATCH });
    found.push(...part.filter((doc) => (doc.emitted_at < emitted_at || doc.id < id) && isShown(doc)));
    if (part.length < BATCH) {
      break;
    }
  }
  return found.slice(0, limit);
}
