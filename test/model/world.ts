// SPDX-License-Identifier: Apache-2.0
/** A control plane of its own with two tenants, everybody who asks, and the model of what they have done. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { SCOPES } from '../../http/index.js';
import { timestamp } from '../../kernel/index.js';
import type { Role } from '../../schemas/index.js';
import { type Answer, type Api, api } from '../harness/api.js';
import { folder } from '../harness/folder.js';
import { ADMIN, type ControlPlane, controlPlane } from '../harness/nxmesh.js';
import { makePairs } from './certificates.js';
import type { Asker, Membership, Model, Organization, Workspace } from './model.js';

const PASSWORD = 'Model-Password-5b1e';
/** Who has which role in the first organization and in the second. */
const PEOPLE: readonly (readonly [name: string, first?: Role, second?: Role])[] = [
  ['olga', 'owner', 'viewer'],
  ['adam', 'admin', 'editor'],
  ['edda', 'editor', 'admin'],
  ['vera', 'viewer', 'owner'],
  ['nils'],
];
const READING = SCOPES.filter((scope) => scope.startsWith('read:'));
const UNLIMITED = String(1e9);

export async function startWorld(name: string) {
  const place = folder(`model-${name}`);
  const dataDir = join(place.path, 'data');
  const env = {
    NXMESH_RATE_LIMIT: UNLIMITED,
    NXMESH_RATE_LIMIT_NETWORK: UNLIMITED,
    NXMESH_AUTH_RATE_LIMIT: UNLIMITED,
  };
  const log = join(place.path, 'control-plane.log');
  let plane: ControlPlane = await controlPlane(dataDir, { env, log });
  const client: Api = api(plane.url);
  let count = 0;

  const call = (
    by: Pick<Asker, 'token'>,
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer> =>
    client.request(method, path, body, { Authorization: `Bearer ${by.token}`, ...headers });

  // biome-ignore lint/suspicious/noExplicitAny: answers are looked into freely by tests
  async function ok(by: Pick<Asker, 'token'>, method: string, path: string, body?: unknown): Promise<any> {
    const answer = await call(by, method, path, body);
    if (answer.status >= 300) {
      throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    }
    return answer.body;
  }

  async function signIn(credentials: { email: string; password: string }): Promise<Asker> {
    const { access_token: token } = await client.ok('POST', '/v1/auth/login', credentials);
    const me = await ok({ token }, 'GET', '/v1/users/me');
    const isAdmin = me.is_admin === true;
    return { name: me.username, userId: me.id, actor: `user:${me.id}`, token, isAdmin };
  }

  const admin = await signIn(ADMIN);
  const askers: Asker[] = [admin];
  for (const [username] of PEOPLE) {
    const credentials = { email: `${username}@model.example`, password: PASSWORD };
    await ok(admin, 'POST', '/v1/users', { username, ...credentials });
    askers.push(await signIn(credentials));
  }
  const organizations: Organization[] = [];
  const workspaces: Workspace[] = [];
  for (const [index, slug] of ['acme', 'rival'].entries()) {
    const { id } = await ok(admin, 'POST', '/v1/organizations', { name: slug, slug });
    const people = new Map<string, Membership>([[admin.userId, { role: 'owner', left: {} }]]);
    for (const [who, ...roles] of PEOPLE) {
      const [role, userId] = [roles[index], askers.find((one) => one.name === who)?.userId ?? ''];
      if (role) {
        await ok(admin, 'POST', `/v1/organizations/${id}/members`, { user_id: userId, role });
        people.set(userId, { role, left: {} });
      }
    }
    const own: string[] = [];
    for (const called of ['one', 'two']) {
      const path = `/v1/organizations/${id}/workspaces`;
      const workspace = await ok(admin, 'POST', path, { name: called, slug: called });
      own.push(workspace.id);
      const empty = new Map();
      const rest = { standing: empty, stood: [empty], told: [], moments: [], versions: [0] };
      workspaces.push({ id: workspace.id, organizationId: id, revision: 0, ...rest });
    }
    organizations.push({ id, workspaces: own, people, moments: [], told: [] });
  }
  const [olga, edda] = [askers[1], askers[3]];
  for (const [maker, scopes, organizationId] of [
    [edda, SCOPES, undefined],
    [olga, [...READING, 'write:upstreams'], organizations[0]?.id],
  ] as const) {
    if (maker) {
      const organization_id = organizationId ?? null;
      const made = await ok(maker, 'POST', '/v1/api-keys', { name: 'program', scopes, organization_id });
      const only = organizationId === undefined ? {} : { organizationId };
      askers.push({
        ...maker,
        name: `${maker.name}-key`,
        actor: `api_key:${made.id}`,
        token: made.key,
        scopes,
        ...only,
      });
    }
  }
  const model: Model = { askers, organizations, workspaces, withoutEvents: [] };

  return {
    model,
    admin,
    dataDir,
    pairs: await makePairs(),
    plane: () => plane,
    call,
    ok,
    /** A name for the next request, by which everything that comes of it is found. */
    nextName: (): string => {
      count += 1;
      return `${name}-${count}`;
    },
    now: (): string => timestamp(Date.now()),
    /** Ends the process and starts another one on the same folder; `between` while there is none. */
    restart: async (signal: NodeJS.Signals, between = async (): Promise<void> => {}): Promise<void> => {
      await plane.process.end(signal);
      await between();
      plane = await controlPlane(dataDir, { ports: plane.ports, env, log });
    },
    /** Throws the read models away. */
    forget: (): void => {
      for (const suffix of ['', '-wal', '-shm']) {
        rmSync(join(dataDir, `read.db${suffix}`), { force: true });
      }
    },
    stop: (): Promise<void> => plane.process.end(),
    end: async (): Promise<void> => {
      await plane.process.end();
      place.remove();
    },
  };
}

export type World = Awaited<ReturnType<typeof startWorld>>;

export const organizationOf = ({ model }: World, id: string): Organization => {
  const found = model.organizations.find((one) => one.id === id);
  if (!found) {
    throw new Error(`no organization ${id}`);
  }
  return found;
};
