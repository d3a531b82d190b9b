// SPDX-License-Identifier: Apache-2.0
import { fieldsBetween } from '../../domain/index.js';
import type { Reader } from '../reader.js';
import type { RecordDoc } from './index.js';

/** A record with the resource as it stood before it and after it; both null where the event left it as it was. */
export interface FullRecord extends RecordDoc {
  readonly before: RecordDoc['after'];
  /** Names of the top-level fields in which the two differ. */
  readonly fields: readonly string[];
}

/** Puts beside each record what stood before, in one read for all of them. */
export async function withBefore(
  reader: Reader,
  records: readonly RecordDoc[],
): Promise<readonly FullRecord[]> {
  const known = new Map(records.map((one) => [one.id, one]));
  const missing = records.flatMap(({ previous, state }) =>
    previous === null || state === 'kept' || known.has(previous) ? [] : [previous],
  );
  const earlier = await reader.getMany('records', [...new Set(missing)]);
  return records.map((one) => {
    const before = one.previous === null ? undefined : (known.get(one.previous) ?? earlier.get(one.previous));
    const stood = one.state === 'kept' ? null : (before?.after ?? null);
    return { ...one, before: stood, fields: fieldsBetween(stood, one.after) };
  });
}
