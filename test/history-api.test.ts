// SPDX-License-Identifier: Apache-2.0
/** The past over HTTP, with every answer held against its schema: who may, what is refused, and what a refusal says. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { commandHandlers } from '../commands/handlers.js';
import { writeRoutes } from '../commands/index.js';
import { id } from '../domain/workspace/workspace.fixture.js';
import { eventLog, memoryLog } from '../event-log/index.js';
import { newId, startApp } from '../http/http.harness.js';
import { streams, systemClock, systemRandom, systemTimers, timestamp } from '../kernel/index.js';
import { lastOf, past, reader, readModels, runDesiredConfig } from '../projections/index.js';
import { startRunner } from '../projections/runner.harness.js';
import { agentHealth, queryRoutes } from '../read-api/index.js';
import { memoryReadStore } from '../read-store/index.js';
import { until } from './harness/until.js';

type WriteDeps = Parameters<typeof writeRoutes>[0];
type ReadDeps = Parameters<typeof queryRoutes>[0];

const MINE = id(1);
const [ACME, RIVAL] = [id(11), id(12)];
const ws = `/v1/workspaces/${MINE}`;

async function start() {
  const deps = { clock: systemClock, timers: systemTimers, random: systemRandom };
  const fault: { append?: Error | undefined } = {};
  const stored = eventLog(memoryLog());
  const log: typeof stored = {
    ...stored,
    append: (...args) => (fault.append ? Promise.reject(fault.append) : stored.append(...args)),
  };
  const store = memoryReadStore(deps);
  const handlers = commandHandlers({ log, ...deps });
  const runner = startRunner(log, store);
  const ending = new AbortController();
  let published = 0n;
  const checkpoint = {
    load: async () => 0n,
    save: async (position: bigint) => {
      published = position;
    },
  };
  const workflow = runDesiredConfig({ log, clock: systemClock, checkpoint }, ending.signal);
  const read = reader(store, readModels);
  const passed = (position: bigint, ms: number): Promise<boolean> => runner.passed(position, ms);
  const at = timestamp(systemClock.now());
  for (const [organizationId, workspaceId] of [
    [ACME, MINE],
    [RIVAL, id(2)],
  ] as const) {
    await handlers.workspace.run(
      streams.workspace(workspaceId),
      workspaceId,
      { type: 'create-workspace', id: workspaceId, organizationId, body: { name: 'W', slug: 'w' }, at },
      {
        commandId: newId(),
        digest: 'd',
        correlationId: 'shared',
        causationId: 'r',
        actor: 'system',
        organizationId,
        workspaceId,
      },
      () => undefined,
    );
  }
  // A certificate as an upload leaves it; how its key is kept is another test's.
  const certify = (certificateId: string, name: string) =>
    handlers.workspace.run(
      streams.workspace(MINE),
      certificateId,
      {
        type: 'upload-certificate',
        id: certificateId,
        upload: {
          domain: name,
          names: [name],
          fingerprint: 'a'.repeat(64),
          issued_at: at,
          expires_at: '2099-01-01T00:00:00.000Z',
          auto_renew: false,
        },
        at,
      },
      {
        commandId: newId(),
        digest: 'd',
        correlationId: 'r',
        causationId: 'r',
        actor: 'user:1',
        organizationId: ACME,
        workspaceId: MINE,
      },
      () => undefined,
    );
  const locate: WriteDeps['locate'] = async (kind, wanted) => {
    const place = await read.get('places', wanted);
    if (place?.kind !== kind) {
      return undefined;
    }
    const workspace = kind === 'workspace' ? place : await read.get('places', place.parent);
    return workspace && { workspaceId: workspace.id, organizationId: workspace.parent };
  };
  const write = { handlers, locate, passed, log, lastOf: lastOf(read), ...deps } as unknown as WriteDeps;
  const queries = {
    reader: read,
    passed,
    health: agentHealth(store),
    past: past(log),
    ...deps,
  } as unknown as ReadDeps;
  const wanted = /Upstream|VirtualHost|Version|Certificate|Request|Change|History|Workspace/;
  const routes = [...writeRoutes(write), ...queryRoutes(queries)].filter(({ operationId }) =>
    wanted.test(operationId),
  );
  const app = await startApp(routes);
  return {
    ...app,
    log,
    fault,
    certify,
    /** The newest version, once everything that was written is in one. */
    newest: async (): Promise<number> => {
      const head = await log.head();
      await until('published', () => published >= head || undefined);
      await runner.passed(await log.head(), 5_000);
      const found = await read.find('versions', {
        where: { workspace_id: MINE },
        orderBy: 'number',
        descending: true,
        limit: 1,
      });
      return found.items[0]?.number ?? 0;
    },
    end: async () => {
      ending.abort();
      await workflow;
      await runner.stop();
      await app.close();
    },
  };
}

let api: Awaited<ReturnType<typeof start>>;
let editor: { id: string; token: string };
let viewer: { id: string; token: string };
let rival: { id: string; token: string };

test.before(async () => {
  api = await start();
  editor = await api.user({ [ACME]: 'editor' });
  viewer = await api.user({ [ACME]: 'viewer' });
  rival = await api.user({ [RIVAL]: 'owner' });
});
test.after(() => api.end());

const call = (method: string, path: string, json?: unknown, as = editor.token, headers = {}) =>
  api.call(method, path, { token: as, headers, ...(json === undefined ? {} : { json }) });

async function made(path: string, json: unknown): Promise<string> {
  const answer = await call('POST', `${ws}/${path}`, json);
  assert.is(answer.status, 201, answer.text);
  return answer.json.id;
}

const upstream = (name: string) => made('upstreams', { name, servers: [{ address: '10.0.0.1:80' }] });
const host = (name: string, more: object) =>
  made('virtual-hosts', { name, server_name: `${name}.example.com`, ...more });
const undo = (version: number, as = editor.token, query = '') =>
  call('POST', `${ws}/versions/${version}/undo${query}`, undefined, as);

test('what a version made and something uses since is not taken back, and whoever uses it is named', async () => {
  const used = await upstream('used');
  const version = await api.newest();
  const user = await host('user', { locations: [{ path: '/', upstream_id: used }] });
  await api.newest();
  const answer = await undo(version);
  assert.equal([answer.status, answer.json.error.details[0].code], [409, 'IN_USE']);
  assert.match(answer.json.error.details[0].message, user);
  assert.is((await call('DELETE', `/v1/virtual-hosts/${user}`)).status, 204);
  const head = await api.log.head();
  const dry = await undo(version, editor.token, '?dry_run=true');
  assert.equal(
    dry.json.changes.map((one: Record<string, unknown>) => [one.action, one.id, one.resource]),
    [['deleted', used, null]],
  );
  assert.is(await api.log.head(), head, 'a dry run appends nothing');
  assert.is((await undo(version)).status, 200);
  assert.is((await call('GET', `/v1/upstreams/${used}`)).status, 404);
  assert.is((await call('GET', `/v1/upstreams/${used}?at=version:${version}`)).json.name, 'used');
  const [last] = (await call('GET', `/v1/upstreams/${used}/history`)).json.data;
  assert.equal(
    [last.action, last.state, last.after, last.actor],
    ['deleted', 'gone', null, `user:${editor.id}`],
  );
});

test('a name that was taken since refuses to be restored, by field', async () => {
  const first = await upstream('twice');
  assert.is((await call('DELETE', `/v1/upstreams/${first}`)).status, 204);
  const second = await upstream('twice');
  for (const query of ['', '?dry_run=true']) {
    const answer = await call('POST', `/v1/upstreams/${first}/restore${query}`);
    const [detail] = answer.json.error.details;
    assert.equal([answer.status, detail.field, detail.code], [409, 'name', 'DUPLICATE']);
  }
  await call('PATCH', `/v1/upstreams/${second}`, { name: 'other' });
  const dry = await call('POST', `/v1/upstreams/${first}/restore?dry_run=true`);
  const back = await call('POST', `/v1/upstreams/${first}/restore`);
  assert.equal([dry.status, back.status, back.json.id, back.json.name], [200, 200, first, 'twice']);
  assert.equal({ ...dry.json, updated_at: '' }, { ...back.json, updated_at: '' });
  assert.is((await call('GET', `/v1/upstreams/${first}`)).headers.etag, back.headers.etag);
});

test('fields that nobody touched since are taken back, and only they', async () => {
  const one = await upstream('fields');
  await api.newest();
  await call('PATCH', `/v1/upstreams/${one}`, { algorithm: 'ip_hash' });
  const version = await api.newest();
  await call('PATCH', `/v1/upstreams/${one}`, { keepalive_connections: 7 });
  await api.newest();
  const answer = await undo(version);
  assert.equal(answer.json.changes[0].fields, ['algorithm'], answer.text);
  const now = (await call('GET', `/v1/upstreams/${one}`)).json;
  assert.equal([now.algorithm, now.keepalive_connections], ['round_robin', 7]);
  const again = await undo(version);
  assert.is(again.json.error.details[0].code, 'CHANGED_LATER');
  assert.match(again.json.error.details[0].message, editor.id);
});

test('a certificate whose key is destroyed does not come back, by name', async () => {
  const certificate = newId();
  await api.certify(certificate, 'tls.example.com');
  const tls = await host('tls', {
    ssl_enabled: true,
    ssl_certificate_id: certificate,
    locations: [{ path: '/', proxy_pass: 'http://10.0.0.9/' }],
  });
  const version = await api.newest();
  await call('DELETE', `/v1/virtual-hosts/${tls}`);
  await api.newest();
  const gone = await call('DELETE', `/v1/certificates/${certificate}`);
  assert.ok([204, 500].includes(gone.status), 'the vault is not part of this test');
  const deleted = await api.newest();
  const taken = await undo(deleted);
  assert.equal([taken.status, taken.json.error.details[0].code], [409, 'KEY_DESTROYED']);
  const rolled = await call('POST', `${ws}/versions/${version}/rollback`);
  assert.equal([rolled.status, rolled.json.error.details[0].code], [409, 'KEY_DESTROYED']);
  assert.match(rolled.json.error.details[0].message, 'tls.example.com');
  const restored = await call('POST', `/v1/virtual-hosts/${tls}/restore`);
  assert.equal([restored.status, restored.json.error.details[0].field], [409, 'ssl_certificate_id']);
});

test('viewers look and change nothing, others do not even look', async () => {
  const one = await upstream('tenants');
  const version = await api.newest();
  const looks = [
    `/v1/upstreams/${one}/history`,
    `/v1/upstreams/${one}?at=version:${version}`,
    `${ws}/upstreams?at=version:${version}`,
    `${ws}/history`,
    `${ws}/versions`,
    `${ws}/versions/${version}`,
    `${ws}/versions/0/diff/${version}`,
  ];
  for (const path of looks) {
    assert.is((await call('GET', path, undefined, viewer.token)).status, 200, path);
    assert.is((await call('GET', path, undefined, rival.token)).status, 404, path);
    assert.is((await api.call('GET', path)).status, 401, path);
  }
  const acts = [
    `${ws}/versions/${version}/undo`,
    `${ws}/versions/${version}/undo?dry_run=true`,
    `${ws}/versions/${version}/rollback`,
    `/v1/upstreams/${one}/restore`,
  ];
  for (const path of acts) {
    assert.is((await call('POST', path, undefined, viewer.token)).status, 403, path);
    assert.is((await call('POST', path, undefined, rival.token)).status, 404, path);
  }
});

test('of two requests of one name each tenant sees its own', async () => {
  const [mine, theirs] = [
    await call('GET', '/v1/requests/shared', undefined, viewer.token),
    await call('GET', '/v1/requests/shared', undefined, rival.token),
  ];
  assert.equal([mine.status, theirs.status], [200, 200]);
  assert.equal(
    [mine, theirs].map(({ json }) => json.events.map((one: { resource_id: string }) => one.resource_id)),
    [[MINE], [id(2)]],
  );
  const nobody = await api.user();
  assert.is((await call('GET', '/v1/requests/shared', undefined, nobody.token)).status, 404);
  assert.is((await call('GET', '/v1/requests/none')).status, 404);
});

test('what the log does not take at once is refused, and nothing of it is done', async () => {
  const one = await upstream('large');
  const version = await api.newest();
  api.fault.append = Object.assign(new Error('of 2000000 bytes'), { name: 'AppendTooLarge' });
  const answer = await undo(version);
  api.fault.append = undefined;
  assert.equal([answer.status, answer.json.error.details[0].code], [409, 'TOO_LARGE']);
  assert.is((await call('GET', `/v1/upstreams/${one}`)).status, 200);
});

test('wrong input is refused by field', async () => {
  const version = await api.newest();
  for (const [path, field] of [
    [`${ws}/upstreams?at=tomorrow`, 'at'],
    [`${ws}/upstreams?at=revision:-1`, 'at'],
    [`${ws}/upstreams?at=revision:18446744073709551615`, 'at'],
    [`${ws}/upstreams?at=revision:999999999999999999`, 'at'],
    [`${ws}/upstreams?at=2016-12-31T23:59:60Z`, 'at'],
    [`${ws}/upstreams?at=version:0`, 'at'],
    [`/v1/organizations/${ACME}/workspaces?at=revision:1`, 'at'],
    [`${ws}/versions/1/diff/2?agent_id=x`, 'agent_id'],
    [`${ws}/versions/1/diff/${version + 9}`, 'version'],
  ] as const) {
    const answer = await call('GET', path);
    assert.ok([404, 422].includes(answer.status), `${path} ${answer.status}`);
    assert.ok(answer.status === 404 || answer.json.error.details[0].field === field, answer.text);
  }
  for (const version of ['0', '-1', '1e3', '99999999999', 'x']) {
    assert.is((await call('POST', `${ws}/versions/${version}/undo`)).status, 404, version);
  }
  assert.is((await call('POST', `${ws}/versions/999/undo`)).status, 404);
  assert.is((await call('POST', `${ws}/versions/1/undo?dry_run=maybe`)).status, 422);
  assert.is((await call('POST', `${ws}/versions/1/undo`, { force: true })).status, 422);
  const ahead = await call('GET', `${ws}/upstreams?at=position:900000000000000000`);
  assert.is(ahead.status, 503);
});

test.run();
