// SPDX-License-Identifier: Apache-2.0
import type { RawEvent } from '../port.js';

const LIMIT = 8_192;

interface Place {
  readonly stream: string;
  readonly revision: bigint;
}

export interface RecentIds {
  add(stream: string, first: bigint, events: readonly RawEvent[]): void;
  /** Whether one of the events is known at another place than it is to have now. */
  standElsewhere(stream: string, first: bigint, events: readonly RawEvent[]): boolean;
}

/**
 * Where the newest events of this process stand, at least `limit` of them. The server compares ids only with what stands
 * at the same place, so that an id used for two places is noticed here alone, and as far as this memory goes. The older
 * half goes at once: to find the oldest of a large map, V8 passes all that were taken out before it.
 */
export function recentIds(limit = LIMIT): RecentIds {
  let newer = new Map<string, Place>();
  let older = newer;
  return {
    add: (stream, first, events) => {
      for (const [index, event] of events.entries()) {
        newer.set(event.id, { stream, revision: first + BigInt(index) });
      }
      if (newer.size >= limit) {
        older = newer;
        newer = new Map();
      }
    },
    standElsewhere: (stream, first, events) =>
      events.some((event, index) => {
        const place = newer.get(event.id) ?? older.get(event.id);
        return place && (place.stream !== stream || place.revision !== first + BigInt(index));
      }),
  };
}
