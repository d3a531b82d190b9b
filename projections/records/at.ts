// SPDX-License-Identifier: Apache-2.0
/** Resources as they stood at a position of the log, from their records. */
import type { Position } from '../../kernel/index.js';
import type { Reader } from '../reader.js';
import { placeKey, type RecordDoc, recordId, subjectKey } from './index.js';

/** The kinds whose states are asked for by time. */
export type StandingKind =
  | 'organization'
  | 'workspace'
  | 'agent'
  | 'upstream'
  | 'virtual_host'
  | 'certificate';

/** What stood for an instant: the newest record of the whole log that was not recorded after it. Log order wins over clocks. */
export async function positionAt(reader: Reader, instant: string): Promise<Position> {
  const { items } = await reader.find('records', {
    orderBy: 'at',
    descending: true,
    to: instant,
    limit: 1,
    count: false,
  });
  return BigInt(items[0]?.position ?? 0);
}

/** The record that set a resource last at a position; undefined when it was not there yet. */
export async function standing(
  reader: Reader,
  kind: StandingKind,
  id: string,
  at: Position,
): Promise<RecordDoc | undefined> {
  const { items } = await reader.find('records', {
    where: { resource_id: id },
    descending: true,
    to: recordId(at),
    limit: 1,
    count: false,
  });
  const [newest] = items.filter(({ resource_kind }) => resource_kind === kind);
  return newest?.state === 'kept' && newest.previous !== null
    ? reader.get('records', newest.previous)
    : newest;
}

/** Asked for at a time: many reads of a local store, or of one on the other side of a network. */
const TOGETHER = 64;

/** The records of everything of a kind that stood in a place (a workspace; for workspaces, an organization). */
export async function standingAll(
  reader: Reader,
  parentId: string,
  kind: StandingKind,
  at: Position,
): Promise<readonly RecordDoc[]> {
  const { items } = await reader.find('subjects', {
    where: { place: placeKey(parentId, kind) },
    count: false,
  });
  const limit = recordId(at);
  // What has not been set since then is read in one go: most of it.
  const settled = items.filter((one) => one.record !== null && one.record <= limit && !one.gone);
  const moved = items.filter((one) => one.record !== null && one.record > limit);
  const found = [
    ...(
      await reader.getMany(
        'records',
        settled.flatMap(({ record }) => record ?? []),
      )
    ).values(),
  ];
  for (let from = 0; from < moved.length; from += TOGETHER) {
    const part = moved.slice(from, from + TOGETHER);
    const records = await Promise.all(part.map((one) => standing(reader, kind, one.resource_id, at)));
    found.push(...records.flatMap((record) => (record?.state === 'set' ? record : [])));
  }
  return found;
}

/** A resource as it stood last, also when it is gone. */
export const lastOf =
  (reader: Reader) =>
  async (kind: StandingKind, id: string): Promise<object | undefined> => {
    const subject = await reader.get('subjects', subjectKey(kind, id));
    const record = subject?.record ? await reader.get('records', subject.record) : undefined;
    const set =
      record?.state === 'gone' && record.previous !== null
        ? await reader.get('records', record.previous)
        : record;
    return set?.after ?? undefined;
  };
