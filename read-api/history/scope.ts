// SPDX-License-Identifier: Apache-2.0
/** The only way to the past: every read decides the route's permission where the resource belongs, or belonged. */
import { roleAt, windowOf } from '../../http/index.js';
import { type Clock, notFound, type Position, pace, timestamp, unavailable } from '../../kernel/index.js';
import {
  type FullRecord,
  INSTALLATION,
  type InvitationDoc,
  type MemberDoc,
  type Page,
  type Past,
  type Reader,
  type RecordDoc,
  recordsOf,
  type StandingKind,
  standing,
  standingAll,
  standingOf,
  subjectKey,
  timeAt,
  withBefore,
} from '../../projections/index.js';
import {
  organizationsOf,
  type ReadRequest,
  readWhenPassed,
  type ScopeDeps,
  type Scoped,
  yes,
} from '../scope.js';
import { type Counted, isInstant, positionOf } from './at.js';
import { type Resources, type Stood, stood } from './stood.js';

/** Who was let in to an organization at a moment. */
export interface PeopleThen {
  readonly members: readonly Scoped<MemberDoc>[];
  readonly invitations: readonly Scoped<InvitationDoc>[];
  /** When that was: the instant that was asked for, or that of the newest event up to there. */
  readonly time: string;
}

export interface PastScope {
  /** The resource at the request's `at`; undefined when it names none. NOT_FOUND when it did not stand then. */
  standing<K extends StandingKind>(request: ReadRequest, kind: K, id: string): Promise<Stood<K> | undefined>;
  /** All of a kind in a workspace (of workspaces, in an organization) at `at`, a page of them in order of a field. */
  standingPage<K extends StandingKind>(
    request: ReadRequest,
    kind: K,
    parentId: string,
    orderBy: keyof Resources[K] & string,
    matches?: (doc: Stood<K>) => boolean,
  ): Promise<Page<Stood<K>> | undefined>;
  /** The organizations that the principal has a role in (all for an administrator) as they stood at `at`, by slug. */
  organizations(request: ReadRequest): Promise<Page<Stood<'organization'>> | undefined>;
  /** The people of an organization at `at`; undefined when the request names none. */
  people(request: ReadRequest, organizationId: string): Promise<PeopleThen | undefined>;
  /** Those of a workspace's organization; nobody where there was no such workspace then. */
  peopleOfWorkspace(request: ReadRequest, workspaceId: string): Promise<PeopleThen | undefined>;
  /** What happened to what stands in an organization, or is a person's: those of the id's records that are of these kinds. */
  historyOf(
    request: ReadRequest,
    id: string,
    organizationId: string | undefined,
    kinds: readonly string[],
    mayRead?: (records: readonly RecordDoc[]) => boolean,
  ): Promise<Page<Scoped<FullRecord>>>;
  /** What happened to a resource, newest first. */
  history(request: ReadRequest, kind: StandingKind, id: string): Promise<Page<Scoped<FullRecord>>>;
  /** Where a workspace belongs, also when it is gone. */
  workspace(request: ReadRequest, id: string): Promise<void>;
  /** The workspace of an agent, also when it is gone. */
  agent(request: ReadRequest, id: string): Promise<{ readonly workspaceId: string }>;
  /** How resources that the principal may read are called, or were called last. */
  namesOf(
    resources: readonly { readonly kind: string; readonly id: string }[],
  ): Promise<ReadonlyMap<string, string>>;
  /** The position of the request's `at`; of now when it names none. */
  moment(request: ReadRequest, counted: Counted): Promise<Position>;
}

export interface PastScopeDeps extends ScopeDeps {
  readonly past: Past;
  readonly clock: Clock;
}

const WAIT_MS = 2000;
/** Beyond every position that a log can have. */
const NOW: Position = 2n ** 63n - 1n;

/** A workspace that is hidden from somebody now is hidden in its past too. */
const isShown = ({ principal }: ReadRequest, organizationId: string, workspaceId: string): boolean =>
  roleAt(principal, organizationId, workspaceId) !== undefined;

const atOf = ({ query }: ReadRequest): string | undefined => (query as { at?: string }).at;

const windowOfRequest = ({ query }: ReadRequest) => windowOf(query as { page?: number; per_page?: number });

/** The page that is asked for, in order of a field. */
export function pageOf<D extends { readonly id: string }>(
  request: ReadRequest,
  docs: readonly D[],
  orderBy: keyof D,
  { descending = false } = {},
): Page<D> {
  const sorted = docs
    .map((doc) => [`${String(doc[orderBy])}\u0000${doc.id}`, doc] as const)
    .sort(([a], [b]) => (a < b === descending ? 1 : -1))
    .map(([, doc]) => doc);
  const { offset, perPage } = windowOfRequest(request);
  return { items: sorted.slice(offset, offset + perPage), total: sorted.length };
}

/** Also those that are gone: each has a chain of its own in the audit. */
async function everyOrganization(reader: Reader): Promise<readonly string[]> {
  const { items } = await reader.find('chains', { count: false });
  return items.flatMap(({ id }) => (id === INSTALLATION ? [] : id));
}

export function pastScope(deps: PastScopeDeps): PastScope {
  const { reader, passed, clock } = deps;
  const read = readWhenPassed(deps);

  async function moment(request: ReadRequest, counted: Counted): Promise<Position> {
    const at = atOf(request);
    if (at === undefined) {
      return NOW;
    }
    const position = await positionOf(at, deps, counted);
    if (!(await passed(position, WAIT_MS))) {
      throw unavailable(`Position ${position} cannot be read yet`);
    }
    return position;
  }

  async function peopleAt(request: ReadRequest, organizationId: string, at: Position): Promise<PeopleThen> {
    const asked = atOf(request) ?? '';
    const time = isInstant(asked) ? timestamp(Date.parse(asked)) : await timeAt(reader, at);
    const { members, invitations } = await deps.past.peopleAt(organizationId, at);
    return { members: members.map(yes), invitations: invitations.map(yes), time: time ?? '' };
  }

  /** What the records know of a resource, whatever became of it: two reads, also for what was never there. */
  async function allowed(request: ReadRequest, kind: StandingKind, id: string): Promise<RecordDoc> {
    const subject = await reader.get('subjects', subjectKey(kind, id));
    const newest = await reader.get('records', subject?.newest ?? id);
    if (!newest?.organization_id) {
      throw notFound('Resource');
    }
    request.allow(newest.organization_id, newest.workspace_id ?? undefined);
    return newest;
  }

  const countedOf = ({ organization_id, workspace_id }: RecordDoc): Counted => ({
    ...(organization_id === null ? {} : { organizationId: organization_id }),
    ...(workspace_id === null ? {} : { workspaceId: workspace_id }),
  });

  return {
    moment: (request, counted) => read(request, () => moment(request, counted)),
    standing: <K extends StandingKind>(request: ReadRequest, kind: K, id: string) =>
      read(request, async () => {
        if (atOf(request) === undefined) {
          return undefined;
        }
        const newest = await allowed(request, kind, id);
        const record = await standing(reader, kind, id, await moment(request, countedOf(newest)));
        if (record?.state !== 'set') {
          throw notFound('Resource');
        }
        return stood<K>(record);
      }),
    standingPage: <K extends StandingKind>(
      request: ReadRequest,
      kind: K,
      parentId: string,
      orderBy: keyof Resources[K] & string,
      matches: (doc: Stood<K>) => boolean = () => true,
    ) =>
      read(request, async () => {
        if (atOf(request) === undefined) {
          return undefined;
        }
        const parent = kind === 'workspace' ? 'organization' : 'workspace';
        const newest = await allowed(request, parent, parentId);
        const counted = parent === 'organization' ? {} : countedOf(newest);
        const records = await standingAll(
          reader,
          parentId,
          kind,
          await moment(request, counted),
          pace(clock),
        );
        const docs = records
          .filter((one) => kind !== 'workspace' || isShown(request, parentId, one.resource_id))
          .map((one) => stood<K>(one))
          .filter(matches);
        return pageOf(request, docs, orderBy);
      }),
    organizations: (request) =>
      read(request, async () => {
        if (atOf(request) === undefined) {
          return undefined;
        }
        const at = await moment(request, {});
        const ids = organizationsOf(request.principal) ?? (await everyOrganization(reader));
        const found = await standingOf(reader, 'organization', ids, at, pace(clock));
        return pageOf(request, found.map(stood<'organization'>), 'slug');
      }),
    people: (request, id) =>
      read(request, async () => {
        if (atOf(request) === undefined) {
          return undefined;
        }
        const newest = await allowed(request, 'organization', id);
        return peopleAt(request, id, await moment(request, countedOf(newest)));
      }),
    peopleOfWorkspace: (request, id) =>
      read(request, async () => {
        if (atOf(request) === undefined) {
          return undefined;
        }
        const newest = await allowed(request, 'workspace', id);
        const at = await moment(request, countedOf(newest));
        const then = await peopleAt(request, newest.organization_id ?? '', at);
        const workspace = await standing(reader, 'workspace', id, at);
        return workspace?.state === 'set' ? then : { ...then, members: [] };
      }),
    historyOf: (request, id, organizationId, kinds, mayRead = () => true) =>
      read(request, async () => {
        if (organizationId !== undefined) {
          request.allow(organizationId);
        }
        const own = await recordsOf(
          reader,
          id,
          pace(clock),
          (one) =>
            kinds.includes(one.resource_kind) &&
            (organizationId === undefined || one.organization_id === organizationId) &&
            (one.workspace_id === null || isShown(request, organizationId ?? '', one.workspace_id)),
        );
        if (own.length === 0 || !mayRead(own)) {
          throw notFound('Resource');
        }
        const { offset, perPage } = windowOfRequest(request);
        const page = own.slice(offset, offset + perPage);
        return { items: (await withBefore(reader, page)).map(yes), total: own.length };
      }),
    history: (request, kind, id) =>
      read(request, async () => {
        await allowed(request, kind, id);
        const { offset, perPage: limit } = windowOfRequest(request);
        const { items, total } = await reader.find('records', {
          where: { resource_id: id },
          descending: true,
          offset,
          limit,
        });
        return { items: (await withBefore(reader, items)).map(yes), total };
      }),
    workspace: (request, id) =>
      read(request, async () => {
        await allowed(request, 'workspace', id);
      }),
    namesOf: async (resources) => {
      const keys = resources.map(({ kind, id }) => subjectKey(kind, id));
      const found = keys.length === 0 ? new Map() : await reader.getMany('subjects', keys);
      return new Map([...found.values()].map(({ resource_id, name }) => [resource_id, name]));
    },
    agent: (request, id) =>
      read(request, async () => {
        const { workspace_id } = await allowed(request, 'agent', id);
        return { workspaceId: workspace_id ?? '' };
      }),
  };
}
