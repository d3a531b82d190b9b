// SPDX-License-Identifier: Apache-2.0
import type { Reader } from '../reader.js';
import type { RecordDoc } from './index.js';

/** A record with the resource as it stood before it and after it; both null where the event left it as it was. */
export interface FullRecord extends RecordDoc {
  readonly before: RecordDoc['after'];
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
    return { ...one, before: one.state === 'kept' ? null : (before?.after ?? null) };
  });
}
