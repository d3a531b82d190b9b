// SPDX-License-Identifier: Apache-2.0
/** Undo, rollback and restore as the model foretells them, from what stood at each version. */
import {
  changedBetween,
  type Doc,
  type Kept,
  type Kind,
  PLURALS,
  type Standing,
  type Workspace,
} from './model.js';
import { type Effect, type Plan, type Refusal, refusalOf, usersOf } from './plans.js';
import type { Step } from './steps.js';

interface Diff {
  readonly kind: Kind;
  readonly id: string;
  readonly before: Doc | null;
  readonly after: Doc | null;
  readonly fields: readonly string[];
}

const NOTHING: Standing = new Map();

/** What a configuration is made of: certificates only once they are issued. */
export const configured = (standing: Standing = NOTHING): Standing =>
  new Map([...standing].filter(([, { kind, doc }]) => kind !== 'certificate' || doc['fingerprint'] !== null));

export const standingAt = (workspace: Workspace, version: number): Standing =>
  configured(version === 0 ? undefined : workspace.stood[workspace.versions[version] ?? 0]);

export function diffs(before: Standing, after: Standing): readonly Diff[] {
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((id) => {
    const [old, now] = [before.get(id), after.get(id)];
    const kind = (old ?? now)?.kind as Kind;
    const [was, is] = [old?.doc ?? null, now?.doc ?? null];
    const fields = changedBetween(was, is);
    return fields.length === 0 ? [] : [{ kind, id, before: was, after: is, fields }];
  });
}

const inPlace = ({ id: organizationId }: { id: string }, workspace: Workspace) => ({
  organizationId,
  workspaceId: workspace.id,
});

/** The first rule that what it would come to breaks. */
function broken(effects: readonly Effect[], next: Standing): Refusal | undefined {
  const codes = effects.flatMap(({ kind, id = '', doc }) => {
    if (doc === null) {
      return usersOf([...next.values()], id).length > 0 ? ['IN_USE'] : [];
    }
    const refusal = kind === 'certificate' ? undefined : refusalOf(doc, kind, [...next.values()], id);
    return refusal ? (refusal.codes ?? ['']) : [];
  });
  return codes.length > 0 ? { status: 409, codes } : undefined;
}

function after(standing: Standing, effects: readonly Effect[]): Standing {
  const next = new Map(standing);
  for (const { kind, id = '', doc } of effects) {
    if (doc === null) {
      next.delete(id);
    } else {
      next.set(id, { kind, doc, revision: -1 });
    }
  }
  return next;
}

const rewind = (
  workspace: Workspace,
  path: string,
  effects: readonly Effect[],
  problems: readonly string[],
): Plan => ({
  method: 'POST',
  path: `/v1/workspaces/${workspace.id}/versions/${path}`,
  place: inPlace({ id: workspace.organizationId }, workspace),
  least: 'editor',
  scope: 'write:changes',
  status: 200,
  rehearsable: true,
  refusal:
    problems.length > 0
      ? { status: 409, codes: problems, all: true }
      : broken(effects, after(workspace.standing, effects)),
  effects,
});

/** What a version changed, but for fields that a later one changed too: those refuse it. */
export function undoOf(workspace: Workspace, version: number): Plan {
  const own = diffs(standingAt(workspace, version - 1), standingAt(workspace, version));
  const problems = own.flatMap(({ kind, after: left }) =>
    kind === 'certificate' && left === null ? ['id KEY_DESTROYED'] : [],
  );
  for (let later = version + 1; later < workspace.versions.length; later += 1) {
    const between = diffs(standingAt(workspace, later - 1), standingAt(workspace, later));
    for (const mine of own) {
      for (const other of between.filter(({ id }) => id === mine.id)) {
        const whole = other.before === null || other.after === null;
        const fields = whole ? ['id'] : other.fields.filter((field) => mine.fields.includes(field));
        problems.push(...fields.map((field) => `${field} CHANGED_LATER`));
      }
    }
  }
  const effects = own.map(({ kind, id, before, fields }): Effect => {
    const current = workspace.standing.get(id)?.doc;
    const back = Object.fromEntries(fields.map((field) => [field, before?.[field]]));
    return { kind, id, doc: before && { ...(current ?? before), ...back } };
  });
  return rewind(workspace, `${version}/undo`, effects, problems);
}

/** Everything but certificates as the version had it. */
export function rollbackOf(workspace: Workspace, version: number): Plan {
  const then = standingAt(workspace, version);
  const { standing } = workspace;
  const wanted = [...then].filter(([, { kind }]) => kind === 'certificate');
  const lost = wanted.filter(([id]) => !standing.has(id) && usersOf([...then.values()], id).length > 0);
  const others = (all: Standing): Standing =>
    new Map([...all].filter(([, { kind }]) => kind !== 'certificate'));
  const effects = diffs(others(standing), others(then)).map(
    ({ kind, id, before, after: back }): Effect => ({
      kind,
      id,
      doc: back && { ...back, ...(before ? { created_at: before['created_at'] } : {}) },
    }),
  );
  return rewind(
    workspace,
    `${version}/rollback`,
    effects,
    lost.map(() => 'id KEY_DESTROYED'),
  );
}

/** Brings back one that is gone, or tries to with one that is there. */
export function restoreOf(workspace: Workspace, { n }: Step): Plan | undefined {
  const last = new Map<string, { kind: Kind; doc: Doc }>();
  for (const { kind, id, before, after: now } of workspace.told) {
    const doc = now ?? before;
    if (kind !== 'certificate' && doc) {
      last.set(id, { kind, doc });
    }
  }
  const gone = [...last].filter(([id]) => !workspace.standing.has(id));
  const [id, found] = gone[n % Math.max(1, gone.length)] ?? [...last][n % Math.max(1, last.size)] ?? [];
  if (id === undefined || !found) {
    return undefined;
  }
  const { kind, doc } = found;
  const there: Kept | undefined = workspace.standing.get(id);
  const effects = [{ kind, id, doc }];
  return {
    method: 'POST',
    path: `/v1/${PLURALS[kind]}/${id}/restore`,
    place: inPlace({ id: workspace.organizationId }, workspace),
    least: 'editor',
    scope: `write:${kind}s`,
    status: 200,
    rehearsable: true,
    refusal: there ? { status: 409, codes: ['EXISTS'] } : broken(effects, after(workspace.standing, effects)),
    effects,
  };
}
