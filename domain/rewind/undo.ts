// SPDX-License-Identifier: Apache-2.0
/** What one version changed, and whether it can be taken back: read from the versions of a workspace in their order. */
import { canonicalJson, conflict, detail, type ErrorDetail } from '../../kernel/index.js';
import type { ConfigCause, ConfigFact, ConfigKind } from '../../schemas/index.js';
import { collection, evolve, isComplete } from '../config/evolve.js';
import { type ConfigState, initial } from '../config/state.js';
import { type Change, type Members, nameOf } from './change.js';

/** One resource before and after a version; null: not there. */
export interface ResourceDiff {
  readonly kind: ConfigKind;
  readonly id: string;
  readonly before: Members | null;
  readonly after: Members | null;
  /** Top-level fields in which they differ; every field of one that came or went. */
  readonly fields: readonly string[];
}

/** A version with what it changed. */
export interface VersionDiff {
  readonly version: number;
  readonly causes: readonly ConfigCause[];
  readonly resources: readonly ResourceDiff[];
}

/** Of the resource's own life, not of what it says. */
const TIMES = new Set(['created_at', 'updated_at']);

export function fieldsBetween(before: object | null, after: object | null): string[] {
  const [old, now] = [(before ?? {}) as Members, (after ?? {}) as Members];
  return [...new Set([...Object.keys(old), ...Object.keys(now)])]
    .filter(
      (field) => !TIMES.has(field) && canonicalJson(old[field] ?? null) !== canonicalJson(now[field] ?? null),
    )
    .sort();
}

/** What stands of one kind and id in two states, where that differs. */
export function diffOf(
  kind: ConfigKind,
  id: string,
  before: object | undefined,
  after: object | undefined,
): ResourceDiff {
  return {
    kind,
    id,
    before: (before as Members | undefined) ?? null,
    after: (after as Members | undefined) ?? null,
    fields: fieldsBetween(before ?? null, after ?? null),
  };
}

/**
 * Folds versions in order, on to the one that is given; gives each when its last part is in, with those of the
 * resources that concern whoever reads.
 */
export function versionReader(
  state: ConfigState = initial(),
  concerns: (id: string) => boolean = () => true,
): { take(fact: ConfigFact): VersionDiff | undefined } {
  let touched = new Map<string, { kind: ConfigKind; id: string; before: object | undefined }>();
  let causes: ConfigCause[] = [];
  return {
    take: (fact) => {
      for (const { kind, id } of [...fact.data.upserts, ...fact.data.removes]) {
        const key = `${kind} ${id}`;
        if (!touched.has(key) && concerns(id)) {
          touched.set(key, { kind, id, before: collection(state, kind).get(id) });
        }
      }
      causes.push(...fact.data.causes);
      evolve(state, fact);
      if (!isComplete(fact)) {
        return undefined;
      }
      const diff: VersionDiff = {
        version: fact.data.version,
        causes,
        resources: [...touched.values()]
          .map(({ kind, id, before }) => diffOf(kind, id, before, collection(state, kind).get(id)))
          .filter(({ before, after, fields }) => before === null || after === null || fields.length > 0),
      };
      touched = new Map();
      causes = [];
      return diff;
    },
  };
}

/** Everything that taking a version back depends on. */
export interface UndoPlan {
  readonly changes: readonly Change[];
  readonly problems: readonly ErrorDetail[];
}

/** Who joined or left is not taken back: an agent's certificate is its own. */
const leftOut = ({ kind, before, after }: ResourceDiff): boolean =>
  kind === 'agent' && (before === null || after === null);

const pick = (members: Members | null, fields: readonly string[]): Members =>
  Object.fromEntries(fields.map((field) => [field, members?.[field]]));

function changeOf({ kind, id, before, after, fields }: ResourceDiff): Change {
  if (before === null) {
    return { kind, id, expect: pick(after, fields), remove: true };
  }
  return after === null
    ? { kind, id, put: before }
    : { kind, id, expect: pick(after, fields), set: pick(before, fields) };
}

/** One resource in one of the later versions. */
interface Later {
  readonly version: number;
  readonly causes: readonly ConfigCause[];
  readonly other: ResourceDiff;
}

const keyOf = ({ kind, id }: Pick<ResourceDiff, 'kind' | 'id'>): string => `${kind} ${id}`;

function byResource(later: readonly VersionDiff[]): ReadonlyMap<string, readonly Later[]> {
  const found = new Map<string, Later[]>();
  for (const { version, causes, resources } of later) {
    for (const other of resources) {
      const list = found.get(keyOf(other)) ?? [];
      list.push({ version, causes, other });
      found.set(keyOf(other), list);
    }
  }
  return found;
}

/** How later versions changed the same: each field with the version and who asked for it. */
function conflicts(own: ResourceDiff, later: readonly Later[]): ErrorDetail[] {
  return later.flatMap(({ version, causes, other }) => {
    const whole = other.before === null || other.after === null;
    const fields = whole ? ['id'] : other.fields.filter((field) => own.fields.includes(field));
    if (fields.length === 0) {
      return [];
    }
    const about = causes.filter(({ resource_id }) => resource_id === own.id);
    return fields.map((field) => {
      const by = about.findLast(({ changed }) => changed.includes(field)) ?? about.at(-1);
      const name = nameOf(other.after ?? other.before ?? undefined) || by?.resource_name;
      return detail(
        field,
        'CHANGED_LATER',
        `${own.kind.replace('_', ' ')} ${name} (${own.id}): version ${version} by ${by?.actor ?? 'unknown'}`,
      );
    });
  });
}

export function planUndo(one: VersionDiff, later: readonly VersionDiff[]): UndoPlan {
  const mine = one.resources.filter((diff) => !leftOut(diff));
  const since = byResource(later);
  const destroyed = mine.filter(({ kind, after }) => kind === 'certificate' && after === null);
  return {
    changes: mine.map(changeOf),
    problems: [
      ...destroyed.map(({ before, id }) =>
        detail(
          'id',
          'KEY_DESTROYED',
          `certificate ${nameOf(before ?? undefined)} (${id}): its key is destroyed`,
        ),
      ),
      ...mine.flatMap((diff) => conflicts(diff, since.get(keyOf(diff)) ?? [])),
      ...(mine.length === 0
        ? [
            detail(
              'version',
              'NOTHING_TO_UNDO',
              'Nothing of what it changed can be taken back: agents join and leave by themselves',
            ),
          ]
        : []),
    ],
  };
}

export function refuseProblems(problems: readonly ErrorDetail[]): void {
  if (problems.length > 0) {
    throw conflict('It cannot be undone', problems.slice(0, 50));
  }
}
