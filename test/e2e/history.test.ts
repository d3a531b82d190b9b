// SPDX-License-Identifier: Apache-2.0
/** The past on a real fleet: a change is undone and nginx serves what it served; the story of it is told whole. */
import { randomUUID } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ask, upstreamServer } from '../../demo/traffic.js';
import { fleet, type Member } from '../harness/fleet.js';
import { freePort } from '../harness/ports.js';

const test = suite('history');
const [blue, green] = [await upstreamServer('blue'), await upstreamServer('green')];
let scene: Awaited<ReturnType<typeof fleet>>;
let agent: Member;
let upstreamId: string;
let hostId: string;
let port: number;
let first: number;
let turned: number;

const get = (path: string) => scene.plane().api.ok('GET', path);
const served = (): Promise<string> => ask(port, 'shop.example');

test.before(async () => {
  scene = await fleet('history');
  agent = await scene.join('web', { tier: 'web' });
  port = await freePort();
  const upstream = await scene.change('POST', `${scene.ws}/upstreams`, {
    name: 'api',
    servers: [{ address: blue.address }],
  });
  upstreamId = upstream.body.id;
  const host = await scene.change('POST', `${scene.ws}/virtual-hosts`, {
    name: 'Shop',
    server_name: 'shop.example',
    listen_port: port,
    locations: [{ path: '/', upstream_id: upstreamId }],
  });
  hostId = host.body.id;
  first = (await host.settled()).version;
});

test.after(async () => {
  await scene.end();
  blue.server.close();
  green.server.close();
});

test('a change that is undone: nginx serves the old answer again, and the request tells why', async () => {
  assert.is(await served(), 'blue');
  const change = await scene.change('PATCH', `/v1/upstreams/${upstreamId}`, {
    servers: [{ address: green.address }],
  });
  turned = (await change.settled()).version;
  assert.is(await served(), 'green');

  const undo = `${scene.ws}/versions/${turned}/undo`;
  const dry = await scene.plane().api.ok('POST', `${undo}?dry_run=true`);
  assert.equal([dry.dry_run, dry.changes.length, dry.changes[0].fields], [true, 1, ['servers']]);
  assert.is(dry.changes[0].resource.servers[0].address, blue.address);
  assert.is((await get(`${scene.ws}/versions`)).data[0].version, turned, 'nothing was appended');

  const key = { 'Idempotency-Key': randomUUID() };
  const done = await scene.plane().api.request('POST', undo, undefined, key);
  assert.is(done.status, 200, JSON.stringify(done.body));
  const again = await scene.plane().api.request('POST', undo, undefined, key);
  assert.equal(again.body, done.body, 'the same key is answered as before');
  const settled = await scene.settledBy(done.headers.get('x-request-id'));
  assert.is(settled.version, turned + 1);
  assert.is(await served(), 'blue');

  const chain = await get(`/v1/requests/${done.headers.get('x-request-id')}`);
  assert.equal(
    chain.events.map((one: Record<string, unknown>) => [one.type, one.resource_id, one.changed, one.version]),
    [['upstream.updated', upstreamId, ['servers'], turned + 1]],
  );
  const [part] = chain.versions[0].agents;
  assert.equal([chain.versions[0].version, part.agent_id, part.state], [turned + 1, agent.id, 'applied']);
  assert.ok(part.sent_at <= part.applied_at && part.stages.proven !== undefined);
});

test('later changes of the same field stand in the way by name', async () => {
  const { status, body } = await scene.plane().api.request('POST', `${scene.ws}/versions/${turned}/undo`);
  assert.equal([status, body.error.code], [409, 'CONFLICT']);
  const [detail] = body.error.details;
  assert.equal([detail.field, detail.code], ['servers', 'CHANGED_LATER']);
  assert.match(detail.message, `version ${turned + 1} by user:`);
});

test('what an agent was to run is rendered again to the byte, line by line with its author', async () => {
  for (const version of [first, turned, turned + 1]) {
    const then = await get(`/v1/agents/${agent.id}/config?at=version:${version}`);
    assert.equal([then.version, then.in_sync], [version, true], JSON.stringify(then.proven));
    assert.is(then.desired, then.proven.digest);
  }
  const was = await get(`/v1/agents/${agent.id}/config?at=version:${turned}`);
  const file = was.files.find(({ path }: { path: string }) => path.startsWith('upstreams/'));
  assert.match(file.content, green.address);
  assert.not.match(JSON.stringify(was), 'PRIVATE KEY');
  const names = await get(`/v1/agents/${agent.id}/config?at=version:${turned}&content=false`);
  assert.equal(
    names.files,
    was.files.map(({ path, sha256 }: { path: string; sha256: string }) => ({ path, sha256 })),
  );
  const at = await get(`/v1/upstreams/${upstreamId}/history`);
  const [undone, changed, created] = at.data;
  assert.equal(
    [undone, changed, created].map((one) => one.type),
    ['upstream.updated', 'upstream.updated', 'upstream.created'],
  );
  assert.equal(changed.changes[0].field, 'servers');
  assert.is(changed.changes[0].before[0].address, blue.address);
  assert.equal(changed.before, created.after);

  const blame = await get(
    `/v1/agents/${agent.id}/config/blame?at=version:${turned}&path=${encodeURIComponent(file.path)}`,
  );
  assert.is(blame.sha256, file.sha256);
  const line = blame.lines.find(({ text }: { text: string }) => text.includes(green.address));
  assert.equal([line.source.kind, line.source.id], ['upstream', upstreamId]);
  assert.match(line.source.field, /^servers\[0\]/);
  assert.equal(line.change.event_id, changed.event_id);
  assert.match(line.change.actor, /^user:/);
});

test('two versions differ by resource and field, and in the files of an agent', async () => {
  const diff = await get(`${scene.ws}/versions/${first}/diff/${turned}?agent_id=${agent.id}`);
  assert.equal(
    diff.resources.map((one: Record<string, unknown>) => [one.kind, one.id, one.action]),
    [['upstream', upstreamId, 'changed']],
  );
  assert.equal(diff.resources[0].changes[0].field, 'servers');
  const text = diff.agent.files.map((one: { diff: string }) => one.diff).join('');
  assert.match(text, new RegExp(`^-.*${blue.address}`, 'm'));
  assert.match(text, new RegExp(`^\\+.*${green.address}`, 'm'));
  const whole = await get(`${scene.ws}/versions/0/diff/${first}`);
  assert.ok(whole.resources.every(({ action }: { action: string }) => action === 'added'));
  const { status } = await scene.plane().api.request('GET', `${scene.ws}/versions/${first}/diff/999`);
  assert.is(status, 422);
});

test('every resource is shown as it was', async () => {
  const [changed] = (await get(`/v1/upstreams/${upstreamId}/history?per_page=1&page=2`)).data;
  for (const at of [
    `version:${turned}`,
    `revision:${changed.revision}`,
    `position:${changed.position}`,
    changed.at,
  ]) {
    const then = await get(`/v1/upstreams/${upstreamId}?at=${encodeURIComponent(at)}`);
    assert.equal(then, changed.after, at);
    const { data } = await get(`${scene.ws}/upstreams?at=${encodeURIComponent(at)}`);
    assert.equal(data, [changed.after], at);
  }
  assert.is((await get(`${scene.ws}/virtual-hosts?at=version:1`)).meta.total, 0);
  assert.equal((await get(`/v1/agents/${agent.id}?at=version:1`)).labels, { tier: 'web' });
  assert.is((await get(`${scene.ws}/agents?at=version:1&label_selector=tier=web`)).meta.total, 1);
  const [workspace] = (await get(`${scene.ws}/history`)).data;
  assert.is((await get(`${scene.ws}?at=${workspace.at}`)).name, 'history');
  for (const at of ['revision:99999', 'version:999', 'yesterday', 'version:x']) {
    const { status, body } = await scene.plane().api.request('GET', `/v1/upstreams/${upstreamId}?at=${at}`);
    assert.equal([status, body.error.details[0].field], [422, 'at'], at);
  }
  const early = await scene.plane().api.request('GET', `/v1/upstreams/${upstreamId}?at=2020-01-01T00:00:00Z`);
  assert.is(early.status, 404);
});

test('what was deleted is brought back under its id and served again', async () => {
  const gone = await scene.change('DELETE', `/v1/virtual-hosts/${hostId}`);
  const deleted = (await gone.settled()).version;
  assert.is.not(await served(), 'blue');
  assert.is((await get(`/v1/virtual-hosts/${hostId}?at=version:${deleted - 1}`)).name, 'Shop');
  const back = await scene.change('POST', `/v1/virtual-hosts/${hostId}/restore`);
  assert.is(back.body.id, hostId);
  await back.settled();
  assert.is(await served(), 'blue');
  const twice = await scene.plane().api.request('POST', `/v1/virtual-hosts/${hostId}/restore`);
  assert.equal([twice.status, twice.body.error.details[0].code], [409, 'EXISTS']);
  const never = await scene.plane().api.request('POST', `/v1/upstreams/${randomUUID()}/restore`);
  assert.is(never.status, 404);
});

test('back to an earlier version: all of it in one change', async () => {
  const other = await scene.change('POST', `${scene.ws}/upstreams`, {
    name: 'other',
    servers: [{ address: green.address }],
  });
  const moved = await scene.change('PATCH', `/v1/virtual-hosts/${hostId}`, {
    locations: [{ path: '/', upstream_id: other.body.id }],
  });
  await moved.settled();
  assert.is(await served(), 'green');
  const back = await scene.change('POST', `${scene.ws}/versions/${turned}/rollback`);
  assert.equal(
    back.body.changes.map((one: Record<string, string>) => `${one.action} ${one.name}`),
    ['deleted other', 'updated api', 'updated Shop'],
  );
  const { version } = await back.settled();
  assert.is(await served(), 'green', 'by the other way');
  const [then, now] = await Promise.all(
    [turned, version].map((number) => get(`/v1/agents/${agent.id}/config?at=version:${number}`)),
  );
  assert.is(now.desired, then.desired);
  assert.is(now.proven.digest, then.proven.digest);
});

test.run();
