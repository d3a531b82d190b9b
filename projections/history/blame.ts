// SPDX-License-Identifier: Apache-2.0
/** Whose change gave each line of a rendered file its value. */
import { canonicalJson, type Position } from '../../kernel/index.js';
import type { Provenance } from '../../nginx/index.js';
import type { Reader } from '../reader.js';
import { type RecordDoc, recordId } from '../records/index.js';

export interface Blame {
  readonly source: Provenance | null;
  readonly change: Pick<
    RecordDoc,
    'event_id' | 'position' | 'revision' | 'at' | 'actor' | 'type' | 'request_id'
  > | null;
}

const NOBODY: Blame = { source: null, change: null };
const PAGE = 100;

/** The value at a path such as `locations[0].custom_headers[1].value`; the whole for an empty one. */
function valueAt(resource: unknown, path: string): unknown {
  let value = resource;
  for (const part of path.split(/[.[\]]+/).filter((one) => one !== '')) {
    value =
      typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[part] : undefined;
  }
  return value ?? null;
}

/** The record from which on a field has the value that it has in the newest of the records. */
function changeOf(newestFirst: readonly RecordDoc[], field: string): RecordDoc | undefined {
  const [newest] = newestFirst;
  if (!newest || field === '') {
    // The line is there because the resource is.
    return newestFirst.at(-1);
  }
  const value = canonicalJson(valueAt(newest.after, field));
  const other = newestFirst.findIndex(({ after }) => canonicalJson(valueAt(after, field)) !== value);
  return newestFirst[other < 0 ? newestFirst.length - 1 : other - 1];
}

/** The states of a resource up to a position, newest first, since it was made or made again. */
async function statesOf(reader: Reader, id: string, upTo: Position): Promise<readonly RecordDoc[]> {
  const found: RecordDoc[] = [];
  for (let to = upTo; ; ) {
    const { items } = await reader.find('records', {
      where: { resource_id: id },
      descending: true,
      to: recordId(to),
      limit: PAGE,
      count: false,
    });
    const gone = items.findIndex(({ state }) => state === 'gone');
    found.push(...items.slice(0, gone < 0 ? undefined : gone).filter(({ state }) => state === 'set'));
    const last = items.at(-1);
    if (gone >= 0 || items.length < PAGE || !last) {
      return found;
    }
    to = BigInt(last.position) - 1n;
  }
}

/** One for each line. */
export async function blameLines(
  reader: Reader,
  sources: readonly (Provenance | undefined)[],
  upTo: Position,
): Promise<readonly Blame[]> {
  const ids = new Set(sources.flatMap((one) => (one && one.kind !== 'nxmesh' ? one.id : [])));
  const states = new Map<string, readonly RecordDoc[]>();
  for (const id of ids) {
    states.set(id, await statesOf(reader, id, upTo));
  }
  return sources.map((source): Blame => {
    if (!source || source.kind === 'nxmesh') {
      return NOBODY;
    }
    const record = changeOf(states.get(source.id) ?? [], source.field);
    if (!record) {
      return { source, change: null };
    }
    const { event_id, position, revision, at, actor, type, request_id } = record;
    return { source, change: { event_id, position, revision, at, actor, type, request_id } };
  });
}
