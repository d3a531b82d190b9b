// SPDX-License-Identifier: Apache-2.0
/** Two tenants with one of everything, and everybody who could ask for it. */
import { testPair } from '../../commands/certificate/pairs.harness.js';
import { paramNames, type Route, SCOPES } from '../../http/index.js';
import { streams, uuidv5 } from '../../kernel/index.js';
import type { Role } from '../../schemas/index.js';
import { until } from '../harness/until.js';
import { PASSWORD, startWorld, type World } from './world.harness.js';

const AT = '2026-02-01T10:00:00.000Z';

/** Path parameter → value. */
export type Ids = Readonly<Record<string, string>>;

/**
 * Where what a path parameter names belongs: the rights at that place decide. A new parameter gets a row here, and one
 * in `MADE` (or `GIVEN`) that makes it in both tenants.
 */
export const PLACES: Readonly<Record<string, 'organization' | 'workspace' | 'person'>> = {
  session_id: 'person',
  api_key_id: 'person',
  organization_id: 'organization',
  user_id: 'organization',
  invitation_id: 'organization',
  workspace_id: 'workspace',
  agent_id: 'workspace',
  upstream_id: 'workspace',
  virtual_host_id: 'workspace',
  certificate_id: 'workspace',
  server_address: 'workspace',
  location_path: 'workspace',
  version: 'workspace',
  other: 'workspace',
  operation_id: 'workspace',
  request_id: 'workspace',
};

/** Operations that name their place in the query, or need more there than a path says. */
const QUERIES: Readonly<Record<string, string>> = {
  listAudit: 'organization_id={organization_id}',
  exportAudit: 'organization_id={organization_id}',
  blameAgentConfig: 'path=nginx.conf',
  emitEvent: 'organization_id={organization_id}',
  listEvents: 'organization_id={organization_id}',
  platformEmitEvent: 'organization_id={organization_id}',
  platformListEvents: 'organization_id={organization_id}',
};

/** Operations on an organization as a whole: not for those from whom a part of it is hidden. */
export const WHOLE = ['listAudit', 'exportAudit'];

/** Operations that answer those who may as if there were nothing, because no agent has come here. */
export const NOT_YET = ['blameAgentConfig', 'getAgentConfig'];

/** Who makes what is their own. */
const makerOf = (place: string | undefined, tenant: string): string =>
  place === 'person' ? `${tenant}-member` : 'administrator';

type Body = (tenant: string) => object | Promise<object>;

/** How each is made, in this order, by whoever may do everything: parameter, path, body, and the id's field. */
export const MADE: readonly (readonly [name: string, path: string, body: Body, field?: string])[] = [
  ['organization_id', '/v1/organizations', (tenant) => ({ name: tenant, slug: tenant })],
  [
    'workspace_id',
    '/v1/organizations/{organization_id}/workspaces',
    (tenant) => ({ name: tenant, slug: tenant }),
  ],
  [
    'invitation_id',
    '/v1/organizations/{organization_id}/invitations',
    (tenant) => ({ role: 'viewer', email: `guest@${tenant}.example` }),
  ],
  ['api_key_id', '/v1/api-keys', (tenant) => ({ name: tenant, scopes: ['read:upstreams'] })],
  ['agent_id', '/v1/workspaces/{workspace_id}/agents/tokens', (tenant) => ({ name: tenant }), 'agent_id'],
  [
    'upstream_id',
    '/v1/workspaces/{workspace_id}/upstreams',
    (tenant) => ({ name: `${tenant}-pool`, servers: [{ address: '10.0.0.1:80' }] }),
  ],
  [
    'virtual_host_id',
    '/v1/workspaces/{workspace_id}/virtual-hosts',
    (tenant) => ({
      name: tenant,
      server_name: `${tenant}.example`,
      locations: [{ path: '/', proxy_pass: 'http://10.0.0.1:80' }],
    }),
  ],
  [
    'certificate_id',
    '/v1/workspaces/{workspace_id}/certificates',
    async (tenant) => {
      const domain = `${tenant}.example`;
      const { certificate, key } = await testPair(domain, { names: [domain] });
      return { domain, certificate_pem: certificate, private_key_pem: key };
    },
  ],
];

/** Values that are not made by a request of their own. */
const GIVEN: Readonly<Record<string, (world: World, tenant: string, made: Ids) => string | Promise<string>>> =
  {
    user_id: (world, tenant) => world.idOf(`${tenant}-member`),
    session_id: (world, tenant) =>
      world.context.access.sessionsOf(world.idOf(`${tenant}-member`))[0]?.id ?? '',
    version: () => '1',
    other: () => '1',
    server_address: () => '10.0.0.1:80',
    location_path: () => '%2F',
    request_id: (_, tenant) => `${tenant}-upstream_id`,
    operation_id: async (world, tenant, { agent_id = '', workspace_id = '', organization_id = '' }) => {
      const command_id = uuidv5('operation', tenant);
      await world.append(
        streams.agent(agent_id),
        { type: 'agent_command.requested', data: { agent_id, command_id, kind: 'reload', at: AT } },
        { workspace_id, organization_id },
      );
      return command_id;
    },
  };

const NUMBERS = ['version', 'other'];

/** Ids that are nobody's. */
export const RANDOM: Ids = Object.fromEntries(
  Object.keys(PLACES).map((name) => [name, NUMBERS.includes(name) ? '1' : uuidv5('nobody', name)]),
);

/** What is nobody's in a place that is somebody's. */
export const nobodysIn = (name: string): string => (NUMBERS.includes(name) ? '999' : (RANDOM[name] ?? ''));

export const fill = (path: string, ids: Ids): string =>
  path.replaceAll(/\{([a-z_]+)\}/g, (_, name: string) => ids[name] ?? uuidv5('nobody', name));

/** The names of the ids that a route is asked with. */
export const namesOf = ({ path, operationId }: Route): string[] => [
  ...new Set(paramNames(`${path}?${QUERIES[operationId] ?? ''}`)),
];

/** A route's address with these ids; `more` goes into its query. */
export function addressOf({ path, operationId }: Route, ids: Ids, more = ''): string {
  const query = [QUERIES[operationId] ?? '', more].filter((one) => one !== '').join('&');
  return fill(query === '' ? path : `${path}?${query}`, ids);
}

/** Who asks, with the role that they have in the first tenant and what is left of it in its workspace. */
export interface Asker {
  readonly name: string;
  readonly role?: Role | 'administrator';
  readonly inWorkspace?: Role | 'none';
  /** Of an API key. */
  readonly scopes?: readonly string[];
}

export const ASKERS: readonly Asker[] = [
  { name: '' },
  { name: 'stranger' },
  { name: 'viewer', role: 'viewer' },
  { name: 'editor', role: 'editor' },
  { name: 'admin', role: 'admin' },
  { name: 'owner', role: 'owner' },
  { name: 'narrowed', role: 'editor', inWorkspace: 'viewer' },
  { name: 'hidden', role: 'admin', inWorkspace: 'none' },
  { name: 'administrator', role: 'administrator' },
  { name: 'key-without', role: 'owner', scopes: ['read:nothing'] },
  { name: 'key-reading', role: 'owner', scopes: SCOPES.filter((scope) => scope.startsWith('read:')) },
  { name: 'key-of-viewer', role: 'viewer', scopes: SCOPES },
  { name: 'key-fitting', role: 'owner', scopes: SCOPES },
  // Its maker owns both tenants.
  { name: 'key-elsewhere', scopes: SCOPES },
  { name: 'rival-owner' },
];

export async function startTenants(name: string) {
  const world = await startWorld(name);

  async function ok(method: string, path: string, body?: object, as = 'administrator', name = '') {
    const headers = name === '' ? {} : { 'x-request-id': name };
    const answer = await world.call(as, method, path, { body, headers });
    if (answer.status >= 300) {
      throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
    }
    return answer.json;
  }

  async function tenant(called: string): Promise<Ids> {
    const ids: Record<string, string> = {};
    const email = `${called}-member@people.example`;
    await world.user(`${called}-member`);
    await ok('POST', '/v1/auth/login', { email, password: PASSWORD }, '');
    for (const [param, path, body, field = 'id'] of MADE) {
      ids[param] = (
        await ok(
          'POST',
          fill(path, ids),
          await body(called),
          makerOf(PLACES[param], called),
          `${called}-${param}`,
        )
      )[field];
    }
    for (const [param, given] of Object.entries(GIVEN)) {
      ids[param] = await given(world, called, ids);
    }
    return ids;
  }

  const join = async (who: string, ids: Ids, role: Role): Promise<void> => {
    const body = { user_id: world.idOf(who), role };
    await ok('POST', fill('/v1/organizations/{organization_id}/members', ids), body);
  };

  const [own, foreign] = [await tenant('acme'), await tenant('rival')];
  const people = ASKERS.filter(({ name: who, scopes }) => who !== '' && who !== 'administrator' && !scopes);
  for (const { name: who, role, inWorkspace } of people) {
    await world.user(who);
    if (role !== undefined && role !== 'administrator') {
      await join(who, own, role);
    }
    if (inWorkspace !== undefined) {
      const path = fill('/v1/workspaces/{workspace_id}/members/{user_id}', {
        ...own,
        user_id: world.idOf(who),
      });
      await ok('PUT', path, { role: inWorkspace });
    }
  }
  for (const [called, ids] of [
    ['acme', own],
    ['rival', foreign],
  ] as const) {
    await join(`${called}-member`, ids, 'viewer');
  }
  await join('rival-owner', foreign, 'owner');
  await world.user('both');
  await join('both', own, 'owner');
  await join('both', foreign, 'owner');
  for (const { name: who, role, scopes } of ASKERS.filter((one) => one.scopes)) {
    const maker = role === 'viewer' ? 'viewer' : 'both';
    const only = who === 'key-elsewhere' ? foreign['organization_id'] : own['organization_id'];
    world.key(who, maker, scopes ?? [], only);
  }

  const settled = (ids: Ids): Promise<unknown> =>
    until('a version is published and read', async () => {
      const path = fill('/v1/workspaces/{workspace_id}/changes', ids);
      const [newest] = (await ok('GET', path)).data;
      const changes = newest?.changes as { kind: string }[] | undefined;
      return changes?.some(({ kind }) => /host|certificate/.test(kind));
    });
  await settled(own);
  await settled(foreign);
  return { ...world, own, foreign, ok };
}

export type Tenants = Awaited<ReturnType<typeof startTenants>>;
