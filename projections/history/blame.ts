// SPDX-License-Identifier: Apache-2.0
/** Whose change gave each line of a rendered file its value. */
import { canonicalJson, type Pace, type Position } from '../../kernel/index.js';
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
const PAGE = 50;

/** The value at a path such as `locations[0].custom_headers[1].value`; the whole for an empty one. */
function valueAt(resource: unknown, path: string): unknown {
  let value = resource;
  for (const part of path.split(/[.[\]]+/).filter((one) => one !== '')) {
    value =
      typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[part] : undefined;
  }
  return value ?? null;
}

/** The fields of one resource that are asked for, each with the record that gave it its value as far as it is known. */
interface Asked {
  readonly values: Map<string, string>;
  readonly records: Map<string, RecordDoc>;
}

/** The fields that are not settled by this record, on the way from the newest to the oldest. */
async function follow({ values, records }: Asked, record: RecordDoc, breathe: Pace): Promise<void> {
  for (const [field, value] of values) {
    if (field === '' || canonicalJson(valueAt(record.after, field)) === value) {
      records.set(field, record);
    } else {
      values.delete(field);
    }
    await breathe();
  }
}

/** For each of the fields the record from which on it has its value, of the resource as it was made last up to a position. */
async function changesOf(
  reader: Reader,
  id: string,
  fields: ReadonlySet<string>,
  upTo: Position,
  breathe: Pace,
): Promise<ReadonlyMap<string, RecordDoc>> {
  const asked: Asked = { values: new Map(), records: new Map() };
  for (let to = upTo; ; ) {
    const { items } = await reader.find('records', {
      where: { resource_id: id },
      descending: true,
      to: recordId(to),
      limit: PAGE,
      count: false,
    });
    for (const record of items) {
      if (record.state === 'gone') {
        return asked.records;
      }
      if (record.state === 'set' && asked.records.size === 0) {
        for (const field of fields) {
          // A line of no field is there because the resource is.
          asked.values.set(field, field === '' ? '' : canonicalJson(valueAt(record.after, field)));
        }
      }
      if (record.state === 'set') {
        await follow(asked, record, breathe);
      }
    }
    const last = items.at(-1);
    if (items.length < PAGE || !last || (asked.records.size > 0 && asked.values.size === 0)) {
      return asked.records;
    }
    to = BigInt(last.position) - 1n;
  }
}

/** One for each line. */
export async function blameLines(
  reader: Reader,
  sources: readonly (Provenance | undefined)[],
  upTo: Position,
  breathe: Pace,
): Promise<readonly Blame[]> {
  const fields = new Map<string, Set<string>>();
  for (const one of sources) {
    if (one && one.kind !== 'nxmesh') {
      fields.set(one.id, (fields.get(one.id) ?? new Set()).add(one.field));
    }
  }
  const records = new Map<string, ReadonlyMap<string, RecordDoc>>();
  for (const [id, wanted] of fields) {
    records.set(id, await changesOf(reader, id, wanted, upTo, breathe));
  }
  return sources.map((source): Blame => {
    if (!source || source.kind === 'nxmesh') {
      return NOBODY;
    }
    const record = records.get(source.id)?.get(source.field);
    if (!record) {
      return { source, change: null };
    }
    const { event_id, position, revision, at, actor, type, request_id } = record;
    return { source, change: { event_id, position, revision, at, actor, type, request_id } };
  });
}
