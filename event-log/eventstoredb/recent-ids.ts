// SPDX-License-Identifier: Apache-2.0
import type { RawEvent } from '../port.js';

const LIMIT = 32_768;

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
 * Where the newest events of this process stand. The server compares ids only with what stands at the same place, so
 * that an id used for two places is noticed here alone, and as far as this memory goes.
 */
export function recentIds(limit = LIMIT): RecentIds {
  const places = new Map<string, Place>();
  return {
    add: (stream, first, events) => {
      for (const [index, event] of events.entries()) {
        places.set(event.id, { stream, revision: first + BigInt(index) });
      }
      for (const id of places.keys()) {
        if (places.size <= limit) {
          break;
        }
        places.delete(id);
      }
    },
    standElsewhere: (stream, first, events) =>
      events.some((event, index) => {
        const place = places.get(event.id);
        return place && (place.stream !== stream || place.revision !== first + BigInt(index));
      }),
  };
}
