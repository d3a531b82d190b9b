// SPDX-License-Identifier: Apache-2.0
import { detail, invalid } from '../../kernel/index.js';
import { type Page, type Reader, type RecordDoc, recordId } from '../../projections/index.js';
import type { Query } from '../../read-store/index.js';
import { Decimal, Timestamp, Type, Uuid } from '../../schemas/index.js';

const optional = Type.Optional;
const Word = Type.String({ minLength: 1, maxLength: 256 });

/** What an audit may be asked for; filters are joined by "and". */
export const auditFilters = {
  actor: optional(Word),
  type: optional(Word),
  resource_id: optional(Word),
  workspace_id: optional(Uuid),
  request_id: optional(Word),
  /** Recorded at this instant or later, and before that one. */
  from: optional(Timestamp),
  to: optional(Timestamp),
};

export const cursorQuery = {
  limit: optional(Type.Integer({ minimum: 1, maximum: 100, default: 50 })),
  /** Of the page before: what was recorded since does not move it. */
  cursor: optional(Decimal),
};

type Filters = { readonly [K in keyof typeof auditFilters]?: string };

const EQUAL = ['actor', 'type', 'resource_id', 'workspace_id', 'request_id'] as const;

/** Filters as a query of the read store, newest first. VALIDATION_ERROR where the range is empty. */
export async function auditQuery(
  reader: Reader,
  chain: string,
  filters: Filters & { readonly limit?: number; readonly cursor?: string },
): Promise<Query> {
  const { from, to, cursor, limit = 50 } = filters;
  if (from !== undefined && to !== undefined && Date.parse(from) >= Date.parse(to)) {
    throw invalid([detail('to', 'OUT_OF_RANGE', 'Must be later than from')]);
  }
  const given = EQUAL.flatMap((field) => {
    const value = filters[field];
    return value === undefined ? [] : [[field, value] as const];
  });
  const first = from === undefined ? undefined : await firstSince(reader, from);
  const behind = to === undefined ? undefined : await firstSince(reader, to);
  const upper = [behind, cursor === undefined ? undefined : recordId(BigInt(cursor))]
    .filter((id) => id !== undefined)
    .sort()[0];
  return {
    where: { chain, ...Object.fromEntries(given) },
    orderBy: 'id',
    descending: true,
    limit,
    count: false,
    ...(first === undefined ? {} : { from: first }),
    ...(upper === undefined ? {} : { to: before(upper) }),
  };
}

/** Id of the first record of the whole log at an instant or later; behind all when there is none. */
async function firstSince(reader: Reader, instant: string): Promise<string> {
  const at = new Date(Date.parse(instant)).toISOString();
  const query = { orderBy: 'at', from: at, limit: 1, count: false };
  return (await reader.find('records', query)).items[0]?.id ?? '9'.repeat(20);
}

const before = (id: string): string => recordId(BigInt(id) > 0n ? BigInt(id) - 1n : 0n);

/** What the next page is asked for with; null at the end. */
export const nextCursor = ({ items }: Page<RecordDoc>, limit = 50): string | null =>
  items.length < limit ? null : (items.at(-1)?.position ?? null);
