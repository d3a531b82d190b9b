// SPDX-License-Identifier: Apache-2.0
/** A plain model of what the API should show: who is what, what stands, and everything that ever stood. */
import { isDeepStrictEqual } from 'node:util';
import { narrower } from '../../http/index.js';
import { ROLES, type Role, type WorkspaceRole } from '../../schemas/index.js';

export type Doc = Readonly<Record<string, unknown>>;
export type Kind = 'upstream' | 'virtual_host' | 'certificate';
export const KINDS: readonly Kind[] = ['upstream', 'virtual_host', 'certificate'];
/** Last part of the path of each kind's collection. */
export const PLURALS: Readonly<Record<Kind, string>> = {
  upstream: 'upstreams',
  virtual_host: 'virtual-hosts',
  certificate: 'certificates',
};

/** A resource as GET shows it; its ETag is the revision of its last event. */
export interface Kept {
  readonly kind: Kind;
  readonly doc: Doc;
  readonly revision: number;
}
export type Standing = ReadonlyMap<string, Kept>;

/** One event of a workspace, as its history should tell it. */
export interface Told {
  readonly kind: Kind;
  readonly id: string;
  readonly revision: number;
  readonly actor: string;
  readonly requestId: string;
  readonly before: Doc | null;
  readonly after: Doc | null;
}

/** What stood after a revision, and up to when by the clock and the log. */
export interface Moment {
  readonly revision: number;
  readonly position: string;
  readonly instant: string;
  readonly standing: Standing;
}

export interface Workspace {
  readonly id: string;
  readonly organizationId: string;
  revision: number;
  standing: Standing;
  /** What stood after each revision. */
  readonly stood: Standing[];
  readonly told: Told[];
  readonly moments: Moment[];
  /** Revision that each configuration version takes in, by its number; 0 is before the first. */
  readonly versions: number[];
}

export interface Membership {
  readonly role: Role;
  /** Workspace's id → what is left there. */
  readonly left: Readonly<Record<string, WorkspaceRole>>;
}
export type People = ReadonlyMap<string, Membership>;

export interface Organization {
  readonly id: string;
  readonly workspaces: readonly string[];
  people: People;
  /** Who was in it after a position of the log. */
  readonly moments: { readonly position: string; readonly instant: string; readonly people: People }[];
  /** Names of requests that changed who is in it, and whom they were about. */
  readonly told: { readonly requestId: string; readonly userId: string }[];
}

/** Somebody who asks: a person, or a program with a person's key. */
export interface Asker {
  readonly name: string;
  readonly userId: string;
  readonly actor: string;
  readonly token: string;
  readonly isAdmin: boolean;
  readonly scopes?: readonly string[];
  readonly organizationId?: string;
}

export interface Model {
  readonly askers: readonly Asker[];
  readonly organizations: readonly Organization[];
  readonly workspaces: readonly Workspace[];
  /** Requests that were refused, were rehearsals, or changed nothing: none of them may have left anything. */
  readonly withoutEvents: string[];
}

export const rank = (role: Role): number => ROLES.indexOf(role);

/** The role somebody has in a place; undefined where the place is hidden from them. */
export function roleIn(
  model: Model,
  asker: Asker,
  { organizationId, workspaceId }: { organizationId: string; workspaceId?: string },
): Role | undefined {
  if ((asker.organizationId ?? organizationId) !== organizationId) {
    return undefined;
  }
  if (asker.isAdmin) {
    return 'owner';
  }
  const member = model.organizations.find(({ id }) => id === organizationId)?.people.get(asker.userId);
  const left = workspaceId === undefined ? undefined : member?.left[workspaceId];
  if (!member || left === 'none') {
    return undefined;
  }
  return left === undefined ? member.role : narrower(member.role, left);
}

/** The status that refuses somebody by right; undefined where they may. */
export function refusedBy(
  model: Model,
  asker: Asker,
  place: { organizationId: string; workspaceId?: string },
  least: Role,
  scope: string,
): 403 | 404 | undefined {
  const role = roleIn(model, asker, place);
  if (role === undefined) {
    return 404;
  }
  return rank(role) < rank(least) || (asker.scopes && !asker.scopes.includes(scope)) ? 403 : undefined;
}

export const has = (workspace: Workspace, kind: Kind): Kept[] =>
  [...workspace.standing.values()].filter((one) => one.kind === kind);

const LIFE = new Set(['created_at', 'updated_at']);

/** Fields in which two states of one resource differ, but for its times. */
export const changedBetween = (before: Doc | null, after: Doc | null): string[] =>
  [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])]
    .filter(
      (field) => !LIFE.has(field) && !isDeepStrictEqual(before?.[field] ?? null, after?.[field] ?? null),
    )
    .sort();

/** Takes one event in; `after` null: it is gone. */
export function take(workspace: Workspace, event: Omit<Told, 'revision' | 'before'>): void {
  const { kind, id, after } = event;
  const revision = workspace.revision + 1;
  const before = workspace.standing.get(id)?.doc ?? null;
  const next = new Map(workspace.standing);
  if (after === null) {
    next.delete(id);
  } else {
    next.set(id, { kind, doc: after, revision });
  }
  workspace.standing = next;
  workspace.revision = revision;
  workspace.stood[revision] = next;
  workspace.told.push({ ...event, revision, before });
}
