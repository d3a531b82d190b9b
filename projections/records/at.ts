// SPDX-License-Identifier: Apache-2.0
/** Resources as they stood at a position of the log, from their records. */
import type { Pace, Position } from '../../kernel/index.js';
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

/** Records read in one go. */
const PART = 256;

/**
 * What stood for an instant: the newest record of the log that was not recorded after it. Log order wins over clocks: what
 * follows the newest by time and was not recorded after the instant either came from a clock that was set back.
 */
export async function positionAt(reader: Reader, instant: string): Promise<Position> {
  const { items } = await reader.find('records', {
    orderBy: 'at',
    descending: true,
    to: instant,
    limit: 1,
    count: false,
  });
  let position = BigInt(items[0]?.position ?? 0);
  // The next one mostly is of later.
  for (let limit = 1; ; limit = PART) {
    const { items: next } = await reader.find('records', {
      from: recordId(position + 1n),
      limit,
      count: false,
    });
    const later = next.findIndex(({ at }) => at > instant);
    const same = later < 0 ? next : next.slice(0, later);
    position = BigInt(same.at(-1)?.position ?? position);
    if (later >= 0 || next.length < limit) {
      return position;
    }
  }
}

/** When what stands at a position came: the time of the newest record up to it. */
export async function timeAt(reader: Reader, at: Position): Promise<string | undefined> {
  const { items } = await reader.find('records', {
    descending: true,
    to: recordId(at),
    limit: 1,
    count: false,
  });
  return items[0]?.at;
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

/** Those of an id that are wanted, newest first. There may be so many others (a person's) that they are read in parts. */
export async function recordsOf(
  reader: Reader,
  id: string,
  breathe: Pace,
  wanted: (record: RecordDoc) => boolean,
): Promise<readonly RecordDoc[]> {
  const found: RecordDoc[] = [];
  let to: string | undefined;
  for (;;) {
    const { items } = await reader.find('records', {
      where: { resource_id: id },
      descending: true,
      limit: PART,
      count: false,
      ...(to !== undefined && { to }),
    });
    found.push(...items.filter(wanted));
    const oldest = items.at(-1);
    if (!oldest || items.length < PART) {
      return found;
    }
    to = recordId(BigInt(oldest.position) - 1n);
    await breathe();
  }
}

/** Asked for at a time: many reads of a local store, or of one on the other side of a network. */
const TOGETHER = 64;

/** What the task gives of each part of a list, one part after the other. */
async function inParts<T, R>(
  all: readonly T[],
  breathe: Pace,
  task: (part: readonly T[]) => Promise<readonly R[]>,
): Promise<readonly R[]> {
  const found: R[] = [];
  for (let from = 0; from < all.length; from += TOGETHER) {
    found.push(...(await task(all.slice(from, from + TOGETHER))));
    await breathe();
  }
  return found;
}

/** Those of the resources that stood at a position. */
export const standingOf = (
  reader: Reader,
  kind: StandingKind,
  ids: readonly string[],
  at: Position,
  breathe: Pace,
): Promise<readonly RecordDoc[]> =>
  inParts(ids, breathe, async (part) => {
    const records = await Promise.all(part.map((id) => standing(reader, kind, id, at)));
    return records.flatMap((record) => (record?.state === 'set' ? record : []));
  });

/** The records of everything of a kind that stood in a place (a workspace; for workspaces, an organization). */
export async function standingAll(
  reader: Reader,
  parentId: string,
  kind: StandingKind,
  at: Position,
  breathe: Pace,
): Promise<readonly RecordDoc[]> {
  const { items } = await reader.find('subjects', {
    where: { place: placeKey(parentId, kind) },
    count: false,
  });
  const limit = recordId(at);
  // What has not been set since then is read without looking for it: most of it.
  const settled = items.flatMap(({ record, gone }) =>
    record !== null && record <= limit && !gone ? record : [],
  );
  const moved = items.filter(({ record }) => record !== null && record > limit);
  const still = await inParts(settled, breathe, async (part) => [
    ...(await reader.getMany('records', part)).values(),
  ]);
  const ids = moved.map(({ resource_id }) => resource_id);
  return [...still, ...(await standingOf(reader, kind, ids, at, breathe))];
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
