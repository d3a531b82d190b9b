// SPDX-License-Identifier: Apache-2.0
import { type Clock, detail, invalid, unavailable } from '../kernel/index.js';
import { StoreUnavailable } from '../read-store/index.js';
import { Timestamp, Type } from '../schemas/index.js';
import { DAY_MS, type Range } from '../telemetry/index.js';

/** Query parameters of everything that has a time: from an instant to another that does not belong to it. */
export const rangeQuery = { from: Type.Optional(Timestamp), to: Type.Optional(Timestamp) };

/** Without `to` until now, without `from` a day before `to`. VALIDATION_ERROR for a range that is none, or too long. */
export function rangeOf(query: { from?: string; to?: string }, clock: Clock, longestDays: number): Range {
  const to = query.to === undefined ? clock.now() : Date.parse(query.to);
  const from = query.from === undefined ? to - DAY_MS : Date.parse(query.from);
  for (const [field, at] of [
    ['from', from],
    ['to', to],
  ] as const) {
    if (at < 0) {
      throw invalid([detail(field, 'INVALID_FORMAT', 'Must be an instant from 1970 on')]);
    }
  }
  if (from >= to) {
    throw invalid([detail('from', 'OUT_OF_RANGE', 'Must be before to')]);
  }
  if (to - from > longestDays * DAY_MS) {
    throw invalid([detail('from', 'OUT_OF_RANGE', `Must be at most ${longestDays} days before to`)]);
  }
  return { from, to };
}

export async function orUnavailable<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw error instanceof StoreUnavailable ? unavailable('The telemetry is out of reach', error) : error;
  }
}
