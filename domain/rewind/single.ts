// SPDX-License-Identifier: Apache-2.0
/** Of a version that took several changes in, some by themselves: what they changed, and what came after them in it. */
import type { ConfigCause, WorkspaceEvent } from '../../schemas/index.js';
import { askedBy } from '../config/asked.js';
import { collection } from '../config/evolve.js';
import type { ConfigState } from '../config/state.js';
import type { Members } from './change.js';
import { diffOf, fieldsBetween, type ResourceDiff, type VersionDiff } from './undo.js';

const pick = (members: Members | null, fields: readonly string[]): Members =>
  Object.fromEntries(fields.map((field) => [field, members?.[field] ?? null]));

/** Two changes of a resource as one; what others changed between them is not in it. */
function joined(own: ResourceDiff | undefined, next: ResourceDiff): ResourceDiff {
  if (!own) {
    return next;
  }
  const { kind, id } = own;
  if (own.before === null || next.after === null) {
    const before = own.before && { ...next.before, ...pick(own.before, own.fields) };
    return diffOf(kind, id, before ?? undefined, next.after ?? undefined);
  }
  if (own.after === null) {
    return diffOf(kind, id, own.before, next.after);
  }
  const more = next.fields.filter((field) => !own.fields.includes(field));
  const before = { ...own.before, ...pick(next.before, more) };
  const after = { ...own.after, ...pick(next.after, next.fields) };
  const fields = [...own.fields, ...more].sort();
  return { kind, id, before, after, fields: fieldsBetween(pick(before, fields), pick(after, fields)) };
}

/**
 * `before` is the configuration before the version, `events` what the version took in, in order. Gives what the chosen
 * of them changed as if they were a version of their own, and the others that touched the same after them.
 */
export function singleOut(
  version: number,
  before: ConfigState,
  causes: readonly ConfigCause[],
  events: readonly WorkspaceEvent[],
  isChosen: (cause: ConfigCause) => boolean,
): { readonly own: VersionDiff; readonly later: readonly VersionDiff[] } {
  const byEvent = new Map(causes.map((cause) => [cause.event_id, cause]));
  const standing = new Map<string, object | undefined>();
  const own = new Map<string, ResourceDiff>();
  const later: VersionDiff[] = [];
  for (const event of events) {
    const cause = byEvent.get(event.id);
    const asked = askedBy(event);
    if (!cause || !asked) {
      continue;
    }
    const { kind, id } = 'upsert' in asked ? asked.upsert : asked.remove;
    const key = `${kind} ${id}`;
    const then = standing.has(key) ? standing.get(key) : collection(before, kind).get(id);
    const now = 'upsert' in asked ? asked.upsert.resource : undefined;
    standing.set(key, now);
    const diff = diffOf(kind, id, then, now);
    const mine = own.get(key);
    if (isChosen(cause)) {
      own.set(key, joined(mine, diff));
    } else if (mine) {
      const fields = diff.fields.filter((field) => mine.fields.includes(field));
      later.push({ version, causes: [cause], resources: [{ ...diff, fields }] });
    }
  }
  const resources = [...own.values()].filter(
    (one) =>
      (one.before !== null || one.after !== null) &&
      (one.before === null || one.after === null || one.fields.length > 0),
  );
  return { own: { version, causes: causes.filter(isChosen), resources }, later };
}
