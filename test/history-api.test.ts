// SPDX-License-Identifier: Apache-2.0
/** The past over HTTP, with every answer held against its schema: who may, what is refused, and what a refusal says. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { id } from '../domain/workspace/workspace.fixture.js';
import { AppendTooLarge } from '../event-log/index.js';
import { newId } from '../http/http.harness.js';
import { ACME, MINE, pastApi, RIVAL } from './harness/past-api.js';

const ws = `/v1/workspaces/${MINE}`;

let api: Awaited<ReturnType<typeof pastApi>>;
let editor: { id: string; token: string };
let viewer: { id: string; token: string };
let rival: { id: string; token: string };

test.before(async () => {
  api = await pastApi();
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
  await api.newest();
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

test('of a version that takes several requests in, one is taken back by itself', async () => {
  const [one, other] = [await upstream('single-one'), await upstream('single-other')];
  await api.newest();
  const answers = await api.together(async () => [
    await call('PATCH', `/v1/upstreams/${other}`, { keepalive_connections: 1 }),
    await call('PATCH', `/v1/upstreams/${one}`, { algorithm: 'ip_hash' }),
    await call('PATCH', `/v1/upstreams/${one}`, { keepalive_connections: 7 }),
    await call('PATCH', `/v1/upstreams/${other}`, { algorithm: 'least_connections' }),
    await call('PATCH', `/v1/upstreams/${one}`, { keepalive_connections: 9, name: 'single-renamed' }),
  ]);
  assert.ok(answers.every(({ status }) => status === 200));
  const version = await api.newest();
  const { changes } = (await call('GET', `${ws}/versions/${version}`)).json;
  assert.is(changes.length, 4, 'all of it is one version');
  const [, algorithm, , , renamed] = answers.map(({ headers }) => String(headers['x-request-id']));

  // The second changed what the fourth changed after it.
  const conflict = await undo(version, editor.token, `?event_id=${changes[1].event_id}`);
  assert.equal(
    [
      conflict.status,
      conflict.json.error.details.map((d: { field: string; code: string }) => [d.field, d.code]),
    ],
    [409, [['keepalive_connections', 'CHANGED_LATER']]],
  );
  assert.match(conflict.json.error.details[0].message, `version ${version} by user:${editor.id}`);

  const dry = await undo(version, editor.token, `?request_id=${algorithm}&dry_run=true`);
  assert.equal(
    dry.json.changes.map((d: { id: string; fields: string[] }) => [d.id, d.fields]),
    [[one, ['algorithm']]],
  );
  const key = { 'Idempotency-Key': newId() };
  const by = (query: string) =>
    call('POST', `${ws}/versions/${version}/undo?${query}`, undefined, editor.token, key);
  const done = await by(`request_id=${algorithm}`);
  assert.is(done.status, 200, done.text);
  assert.equal((await by(`request_id=${algorithm}`)).json, done.json, 'the same key is answered as before');
  assert.is((await by(`request_id=${renamed}`)).status, 422, 'another change under the same key');
  const now = (await call('GET', `/v1/upstreams/${one}`)).json;
  assert.equal([now.algorithm, now.keepalive_connections, now.name], ['round_robin', 9, 'single-renamed']);
  await api.newest();
  assert.is(
    (await undo(version, editor.token, `?request_id=${algorithm}`)).json.error.details[0].code,
    'CHANGED_LATER',
  );

  const back = await undo(version, editor.token, `?request_id=${renamed}`);
  assert.equal(back.json.changes[0].fields.toSorted(), ['keepalive_connections', 'name'], back.text);
  assert.is(
    (await call('GET', `/v1/upstreams/${one}`)).json.keepalive_connections,
    7,
    'as the second left it',
  );
  const rest = await undo(
    version,
    editor.token,
    `?command_id=${(await call('GET', `/v1/upstreams/${other}/history`)).json.data[0].command_id}`,
  );
  assert.is(rest.json.changes[0].id, other, rest.text);
  for (const query of [
    `?event_id=${newId()}`,
    '?request_id=none',
    `?request_id=${renamed}&event_id=${changes[0].event_id}`,
    '?event_id=x',
    '?request_id=',
  ]) {
    assert.is((await undo(version, editor.token, query)).status, 422, query);
  }
});

test('what one request made and another of the same version uses is not taken back', async () => {
  const [used, site] = await api.together(async () => {
    await upstream('single-first');
    const made = await upstream('single-used');
    return [made, await host('single-user', { locations: [{ path: '/', upstream_id: made }] })];
  });
  const version = await api.newest();
  const { changes } = (await call('GET', `${ws}/versions/${version}`)).json;
  const of = (id: string) => changes.find((one: { id: string }) => one.id === id).event_id;
  const refused = await undo(version, editor.token, `?event_id=${of(used ?? '')}`);
  assert.equal([refused.status, refused.json.error.details[0].code], [409, 'IN_USE'], refused.text);
  assert.is((await undo(version, editor.token, `?event_id=${of(site ?? '')}`)).status, 200);
  await api.newest();
  assert.is((await undo(version, editor.token, `?event_id=${of(used ?? '')}`)).status, 200);
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
  api.fault.append = new AppendTooLarge('workspace', 1_048_576, 2_000_000);
  const answer = await undo(version);
  api.fault.append = undefined;
  assert.equal([answer.status, answer.json.error.details[0].code], [409, 'TOO_LARGE']);
  assert.is((await call('GET', `/v1/upstreams/${one}`)).status, 200);
});

test('the parts of resources are shown as they stood', async () => {
  const one = await made('upstreams', {
    name: 'parts',
    servers: [{ address: '10.0.0.1:80' }, { address: '10.0.0.2:80' }],
  });
  const site = await host('parted', { locations: [{ path: '/old', proxy_pass: 'http://10.0.0.1/' }] });
  const version = await api.newest();
  await call('PATCH', `/v1/upstreams/${one}`, { servers: [{ address: '10.0.0.3:80' }] });
  await call('PATCH', `/v1/virtual-hosts/${site}`, {
    locations: [{ path: '/new', proxy_pass: 'http://10.0.0.1/' }],
  });
  await api.newest();
  const [servers, locations] = [`/v1/upstreams/${one}/servers`, `/v1/virtual-hosts/${site}/locations`];
  const addresses = async (at: string) =>
    (await call('GET', `${servers}?per_page=1${at}`)).json.data.map(
      (each: { address: string }) => each.address,
    );
  assert.equal(await addresses(''), ['10.0.0.3:80']);
  assert.equal(await addresses(`&at=version:${version}`), ['10.0.0.1:80']);
  assert.is((await call('GET', `${servers}/10.0.0.2:80?at=version:${version}`)).json.address, '10.0.0.2:80');
  assert.is((await call('GET', `${servers}/10.0.0.2:80`)).status, 404);
  assert.is((await call('GET', `${locations}/%2Fold?at=version:${version}`)).json.path, '/old');
  assert.is((await call('GET', `${locations}/%2Fnew?at=version:${version}`)).status, 404);
  assert.is((await call('GET', `${servers}?at=version:${version}`, undefined, rival.token)).status, 404);
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
