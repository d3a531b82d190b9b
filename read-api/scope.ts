// SPDX-License-Identifier: Apache-2.0
import { type HandlerRequest, type Principal, pageAnswer, roleAt, windowOf } from '../http/index.js';
import { NxError, notFound, unavailable } from '../kernel/index.js';
import { INSTALLATION, type Models, type Page, type Reader } from '../projections/index.js';
import { type Query, StoreUnavailable } from '../read-store/index.js';
import { type EventCursor, eventsBehind } from './event-page.js';

declare const scoped: unique symbol;

/** A document that the request's principal may read. Only `scope` makes it, and presenters take nothing else. */
export type Scoped<T> = T & { readonly [scoped]: true };

/** Any read request. */
export type ReadRequest = Pick<
  HandlerRequest<unknown>,
  'principal' | 'allow' | 'query' | 'position' | 'path'
>;

/** Collections whose documents belong to a workspace. */
export type InWorkspace = {
  [N in keyof Models]: Models[N] extends { readonly workspace_id: string } ? N : never;
}[keyof Models];

/** Collections whose documents belong to an organization and to no workspace, which could be hidden. */
export type InOrganization = {
  [N in keyof Models]: Models[N] extends { readonly organization_id: string }
    ? N extends 'workspaces'
      ? never
      : N
    : never;
}[keyof Models];

export interface ScopeDeps {
  readonly reader: Reader;
  /** True once the read models have passed the position; false when that takes longer. */
  readonly passed: (position: bigint, withinMs: number) => Promise<boolean>;
}

/**
 * The only way to the read models. Every load decides the route's permission on the organization that the document
 * belongs to; what is not there and what is another organization's are the same NOT_FOUND, after the same reads.
 * Where the request names a position (`after`, `NxMesh-Position`), the read models have passed it before they are read.
 */
export interface Scope {
  organization(request: ReadRequest, id: string): Promise<Scoped<Models['organizations']>>;
  /** Those in which the principal has a role; all for an administrator. */
  organizations(request: ReadRequest): Promise<Page<Scoped<Models['organizations']>>>;
  workspace(request: ReadRequest, id: string): Promise<Scoped<Models['workspaces']>>;
  workspaces(request: ReadRequest, organizationId: string): Promise<Page<Scoped<Models['workspaces']>>>;
  one<N extends InWorkspace>(request: ReadRequest, name: N, id: string): Promise<Scoped<Models[N]>>;
  list<N extends InWorkspace>(
    request: ReadRequest,
    name: N,
    workspaceId: string,
    query: Query,
  ): Promise<Page<Scoped<Models[N]>>>;
  oneOfOrganization<N extends InOrganization>(
    request: ReadRequest,
    name: N,
    organizationId: string,
    id: string,
  ): Promise<Scoped<Models[N]>>;
  listOfOrganization<N extends InOrganization>(
    request: ReadRequest,
    name: N,
    organizationId: string,
    query: Query,
  ): Promise<Page<Scoped<Models[N]>>>;
  /** The members of a workspace's organization. */
  membersOfWorkspace(
    request: ReadRequest,
    workspaceId: string,
    query: Query,
  ): Promise<Page<Scoped<Models['members']>>>;
  /** Runs `load` on an organization's audit: it gets the read models, and the chain that it may read of them. */
  audit<T>(
    request: ReadRequest,
    organizationId: string,
    load: (reader: Reader, chain: string) => Promise<T>,
  ): Promise<T>;
  /** The same for what belongs to no organization, of which an action of administrators decides. */
  installationAudit<T>(request: ReadRequest, load: (reader: Reader, chain: string) => Promise<T>): Promise<T>;
  /** Events of programs in an organization, but for those of workspaces that are hidden from the principal. */
  events(
    request: ReadRequest,
    organizationId: string,
    where: { readonly workspace_id?: string; readonly type?: string },
    behind: EventCursor | undefined,
  ): Promise<Page<Scoped<Models['custom_events']>>>;
}

const WAIT_MS = 2000;
/** Documents read at a time where rights decide, which the store has no index for. */
const BATCH = 1000;

/** Ids of the organizations that somebody has a role in; undefined for an administrator, who has one in all. */
export function organizationsOf(principal: Principal): readonly string[] | undefined {
  if (principal.isAdmin && principal.organizationId === undefined) {
    return undefined;
  }
  const own = principal.organizationId ?? Object.keys(principal.roles);
  return [own].flat().filter((id) => roleAt(principal, id) !== undefined);
}

const hidesAny = ({ workspaceRoles }: Principal): boolean => Object.values(workspaceRoles).includes('none');

/** Reads once the read models have passed what the request names. */
export type Read = <T>(request: ReadRequest, load: () => Promise<T>) => Promise<T>;

export function readWhenPassed({ passed }: Pick<ScopeDeps, 'passed'>): Read {
  return async (request, load) => {
    const { after } = request.query as { after?: string };
    const position = after === undefined ? request.position : BigInt(after);
    if (position !== undefined && !(await passed(position, WAIT_MS))) {
      throw unavailable(`Position ${position} cannot be read yet`);
    }
    try {
      return await load();
    } catch (error) {
      throw error instanceof StoreUnavailable
        ? unavailable('The read models are out of reach', error)
        : error;
    }
  };
}

export function scope({ reader, passed }: ScopeDeps): Scope {
  const read = readWhenPassed({ passed });

  /** The workspace that a document says it belongs to, or none: both take one read. */
  async function allowWorkspace(request: ReadRequest, id: string): Promise<Scoped<Models['workspaces']>> {
    const workspace = await reader.get('workspaces', id);
    if (!workspace) {
      throw notFound('Workspace');
    }
    request.allow(workspace.organization_id, id);
    return yes(workspace);
  }

  async function allowOrganization(
    request: ReadRequest,
    id: string,
  ): Promise<Scoped<Models['organizations']>> {
    request.allow(id);
    const organization = await reader.get('organizations', id);
    if (!organization) {
      throw notFound('Organization');
    }
    return yes(organization);
  }

  /** Ids of an organization's workspaces that are there and hidden from whoever asks. */
  async function hiddenIn(request: ReadRequest, organizationId: string): Promise<ReadonlySet<string>> {
    const { principal } = request;
    const narrowed = Object.keys(principal.workspaceRoles);
    const ids = narrowed.filter((id) => roleAt(principal, organizationId, id) === undefined);
    if (ids.length === 0) {
      return new Set();
    }
    const found = await reader.getMany('workspaces', ids);
    const there = [...found.values()].filter((one) => one.organization_id === organizationId);
    return new Set(there.map(({ id }) => id));
  }

  return {
    organization: (request, id) => read(request, () => allowOrganization(request, id)),
    organizations: (request) =>
      read(request, async () => {
        const { offset, perPage: limit } = windowOf(request.query as { page?: number; per_page?: number });
        const ids = organizationsOf(request.principal);
        if (!ids) {
          return yesAll(await reader.find('organizations', { orderBy: 'slug', offset, limit }));
        }
        const found = await reader.getMany('organizations', ids);
        const items = [...found.values()].sort((a, b) => (a.slug < b.slug ? -1 : 1));
        return yesAll({ items: items.slice(offset, offset + limit), total: items.length });
      }),
    workspace: (request, id) => read(request, () => allowWorkspace(request, id)),
    workspaces: (request, organization_id) =>
      read(request, async () => {
        await allowOrganization(request, organization_id);
        const { offset, perPage: limit } = windowOf(request.query as { page?: number; per_page?: number });
        const where = { organization_id };
        const hidden = await hiddenIn(request, organization_id);
        if (hidden.size === 0) {
          return yesAll(await reader.find('workspaces', { where, orderBy: 'slug', offset, limit }));
        }
        // So many more than the page's end that the page is full whichever of them are hidden.
        const upTo = offset + limit + hidden.size;
        const found = await reader.find('workspaces', { where, orderBy: 'slug', limit: upTo });
        const items = found.items.filter(({ id }) => !hidden.has(id)).slice(offset, offset + limit);
        return yesAll({ items, total: found.total - hidden.size });
      }),
    one: (request, name, id) =>
      read(request, async () => {
        const doc = await reader.get(name, id);
        await allowWorkspace(request, (doc as { workspace_id: string } | undefined)?.workspace_id ?? id);
        if (!doc) {
          throw notFound('Resource');
        }
        return yes(doc);
      }),
    list: (request, name, workspace_id, query) =>
      read(request, async () => {
        await allowWorkspace(request, workspace_id);
        return yesAll(await reader.find(name, { ...query, where: { ...query.where, workspace_id } }));
      }),
    oneOfOrganization: (request, name, organizationId, id) =>
      read(request, async () => {
        await allowOrganization(request, organizationId);
        const doc = await reader.get(name, id);
        if (doc?.organization_id !== organizationId) {
          throw notFound('Resource');
        }
        return yes(doc);
      }),
    listOfOrganization: (request, name, organization_id, query) =>
      read(request, async () => {
        await allowOrganization(request, organization_id);
        return yesAll(await reader.find(name, { ...query, where: { ...query.where, organization_id } }));
      }),
    membersOfWorkspace: (request, workspaceId, query) =>
      read(request, async () => {
        const { organization_id } = await allowWorkspace(request, workspaceId);
        return yesAll(await reader.find('members', { ...query, where: { ...query.where, organization_id } }));
      }),
    audit: (request, organizationId, load) =>
      read(request, async () => {
        request.allow(organizationId);
        if ((await hiddenIn(request, organizationId)).size > 0) {
          throw new NxError('FORBIDDEN', 'The audit has what is hidden from you');
        }
        // Not the organization is asked for: its audit outlives it.
        if (!(await reader.get('chains', organizationId))) {
          throw notFound('Organization');
        }
        return load(reader, organizationId);
      }),
    installationAudit: (request, load) => read(request, () => load(reader, INSTALLATION)),
    events: (request, organization_id, where, behind) =>
      read(request, async () => {
        const { principal } = request;
        request.allow(organization_id, where.workspace_id);
        const { offset, perPage: limit } = windowOf(request.query as { page?: number; per_page?: number });
        const query = { where: { ...where, organization_id }, orderBy: 'emitted_at', descending: true };
        const isShown = ({ workspace_id }: Models['custom_events']): boolean =>
          roleAt(principal, organization_id, workspace_id ?? undefined) !== undefined;
        if (behind) {
          const load = async (part: Query) =>
            (await reader.find('custom_events', { ...query, ...part, count: false })).items;
          const items = await eventsBehind(behind, limit, load, isShown);
          return yesAll({ items, total: behind.total });
        }
        if (where.workspace_id !== undefined || !hidesAny(principal)) {
          return yesAll(await reader.find('custom_events', { ...query, offset, limit }));
        }
        const seen: Models['custom_events'][] = [];
        for (let from = 0, total = 1; from < total; from += BATCH) {
          const batch = await reader.find('custom_events', { ...query, offset: from, limit: BATCH });
          seen.push(...batch.items.filter(isShown));
          total = batch.total;
        }
        return yesAll({ items: seen.slice(offset, offset + limit), total: seen.length });
      }),
  };
}

export const yes = <T>(doc: T): Scoped<T> => doc as Scoped<T>;

const yesAll = <T>(page: Page<T>): Page<Scoped<T>> => page as Page<Scoped<T>>;

/** A page of documents as an answer. */
export const listAnswer = <T>(
  request: ReadRequest,
  found: Page<Scoped<T>>,
  present: (doc: Scoped<T>) => unknown,
): { body: unknown; headers: Record<string, string> } => {
  const { after: _, ...query } = request.query as Record<string, unknown>;
  const window = windowOf(query as { page?: number; per_page?: number });
  return pageAnswer({ path: request.path, query }, window, {
    items: found.items.map(present),
    total: found.total,
  });
};
