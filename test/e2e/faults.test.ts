// SPDX-License-Identifier: Apache-2.0
/** @slow 240 @alone: the promise under faults, on real processes: what is told as applied is served, whatever ends. */
import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ask, upstreamServer } from '../../demo/traffic.js';
import { fleet, type Member } from '../harness/fleet.js';
import { folder } from '../harness/folder.js';
import { ADMIN, controlPlane } from '../harness/nxmesh.js';
import { freePort } from '../harness/ports.js';
import { until } from '../harness/until.js';

const test = suite('faults');
let scene: Awaited<ReturnType<typeof fleet>>;
let north: Member;
let south: Member;
let upstreamId: string;
let hostId: string;
let port: number;
const blue = await upstreamServer('blue');
const host = () => `/v1/virtual-hosts/${hostId}`;

/** Takes a port, so that nginx cannot have it. */
async function squat(): Promise<{ port: number; server: Server }> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve));
  return { port: (server.address() as { port: number }).port, server };
}

test.before(async () => {
  scene = await fleet('faults');
  north = await scene.join('north', { site: 'north' });
  south = await scene.join('south', { site: 'south' });
  port = await freePort();
  const upstream = await scene.change('POST', `${scene.ws}/upstreams`, {
    name: 'blue',
    servers: [{ address: blue.address }],
  });
  upstreamId = upstream.body.id;
  const made = await scene.change('POST', `${scene.ws}/virtual-hosts`, {
    name: 'Shop',
    server_name: 'shop.example',
    listen_port: port,
    locations: [{ path: '/', upstream_id: upstreamId }],
    target_agents: { type: 'selector', label_selector: 'site=north' },
  });
  hostId = made.body.id;
  await made.settled();
});

test.after(async () => {
  await scene.end();
  blue.server.close();
});

test('applied means served, and what went is gone', async () => {
  let before = 'shop.example';
  for (let n = 0; n < 8; n += 1) {
    const name = `n${n}.example`;
    const { settled } = await scene.change('PATCH', host(), { server_name: name });
    const { agents } = await settled();
    assert.is(agents.find((one) => one.agent_id === north.id)?.state, 'applied');
    for (let asked = 0; asked < 5; asked += 1) {
      assert.is(await ask(port, name), 'blue');
      assert.is(await ask(port, before), '! 421');
    }
    before = name;
  }
  await (await scene.change('PATCH', host(), { server_name: 'shop.example' })).settled();
});

test('a burst while the agent stands still ends on the newest', async () => {
  process.kill(north.process.pid, 'SIGSTOP');
  const patch = (n: number) =>
    scene.change('PATCH', host(), { server_name: n === 99 ? 'newest.example' : `b${n}.example` });
  await Promise.all(Array.from({ length: 99 }, (_, n) => patch(n)));
  const last = await patch(99);
  assert.is(await ask(port, 'shop.example'), 'blue');
  process.kill(north.process.pid, 'SIGCONT');
  const { version } = await last.settled();
  assert.is(await ask(port, 'newest.example'), 'blue');
  const { data } = await scene.plane().api.ok('GET', `${scene.ws}/changes?per_page=100`);
  assert.is(data[0].version, version);
  assert.ok(data.length < 60, `${data.length} versions: bursts are to be coalesced`);
  await (await scene.change('PATCH', host(), { server_name: 'shop.example' })).settled();
});

test('nginx and agent are killed while the control plane is down: they come back by themselves', async () => {
  await scene.plane().process.end('SIGKILL');
  const serves = () =>
    until('shop.example is served', async () => (await ask(port, 'shop.example')) === 'blue', 20_000);
  process.kill(scene.nginxPid(north), 'SIGKILL');
  await until('nginx is gone', async () => (await ask(port, 'shop.example')) !== 'blue').catch(
    () => undefined,
  );
  await serves();
  await north.process.end('SIGKILL');
  process.kill(scene.nginxPid(north), 'SIGKILL');
  scene.startAgain(north);
  await serves();
  await scene.restart();
  await scene.reaches(north, 'online');
});

test('a refusal stands over restarts, is told again when it is tried again, and ends when its cause does', async () => {
  const taken = await squat();
  const moved = await scene.change('PATCH', host(), { listen_port: taken.port });
  const { version, agents } = await moved.settled();
  assert.is(agents.find((one) => one.agent_id === north.id)?.failure?.reason, 'PORT_IN_USE');
  await scene.restart();
  await north.process.end('SIGKILL');
  scene.startAgain(north);
  await scene.reaches(north, 'degraded');
  const { api } = scene.plane();
  const state = async () =>
    (await api.ok('GET', `${scene.ws}/changes/${version}`)).agents.find(
      (one: { agent_id: string }) => one.agent_id === north.id,
    ).state;
  assert.is(await state(), 'rolled_back');
  await api.ok('POST', `/v1/agents/${north.id}/reload`);
  await until('it is tried again', async () => (await state()) === 'sent', 5_000, 5);
  await until('it is refused again', async () => (await state()) === 'rolled_back', 20_000);
  assert.is(await ask(port, 'shop.example'), 'blue');
  taken.server.close();
  await api.ok('POST', `/v1/agents/${north.id}/reload`);
  await scene.reaches(north, 'online');
  assert.is(await ask(taken.port, 'shop.example'), 'blue');
  await (await scene.change('PATCH', host(), { listen_port: port })).settled();
  assert.is(await ask(port, 'shop.example'), 'blue');
});

test('a label moves a host from one agent to the other, which serves it alone', async () => {
  await (await scene.change('PATCH', `/v1/agents/${north.id}`, { labels: { site: 'east' } })).settled();
  assert.match(await ask(port, 'shop.example'), '!');
  await (await scene.change('PATCH', `/v1/agents/${south.id}`, { labels: { site: 'north' } })).settled();
  assert.is(await ask(port, 'shop.example'), 'blue');
  assert.is(await ask(port, 'nobody.example'), '! 421');
});

test('commands asked for again are answered as the first time: at once, after a crash, when it is gone', async () => {
  const call = (key: string, method: string, path: string, body?: object) =>
    scene.plane().api.request(method, path, body, { 'Idempotency-Key': key });
  const body = { name: 'twice', servers: [{ address: '10.0.0.1:80' }] };
  const create = () => call('create', 'POST', `${scene.ws}/upstreams`, body);
  const [first, second] = await Promise.all([create(), create()]);
  assert.equal([first?.status, first?.body], [201, second?.body]);
  const path = `/v1/upstreams/${first?.body.id}`;
  const rename = () => call('rename', 'PATCH', path, { name: 'thrice' });
  const renamed = await rename();
  assert.is(renamed.status, 200);
  await scene.restart();
  assert.equal((await create()).body, first?.body);
  assert.equal((await rename()).body, renamed.body);
  const remove = () => call('remove', 'DELETE', path);
  assert.is((await remove()).status, 204);
  assert.is((await remove()).status, 204);
  assert.equal((await rename()).body, renamed.body);
  assert.is((await scene.plane().api.request('GET', path)).status, 404);
  assert.is((await call('other', 'DELETE', path)).status, 404);
});

test('SIGTERM under load ends with 0 and keeps everything that was acknowledged', async () => {
  const { api, process: running } = scene.plane();
  const acknowledged: string[] = [];
  let open = true;
  const writers = Array.from({ length: 12 }, async (_, writer) => {
    for (let n = 0; open; n += 1) {
      const name = `w${writer}-${n}`;
      const answer = await api
        .request('POST', `${scene.ws}/upstreams`, { name, servers: [{ address: '10.0.0.1:80' }] })
        .catch(() => undefined);
      if (answer?.status === 201) {
        acknowledged.push(answer.body.id);
      }
      open &&= answer !== undefined;
    }
  });
  await until('some are acknowledged', () => acknowledged.length > 50);
  await running.end('SIGTERM');
  assert.is(await running.exited, 0);
  await Promise.all(writers);
  await scene.restart();
  const kept = await Promise.all(
    acknowledged.map(async (id) => (await scene.plane().api.request('GET', `/v1/upstreams/${id}`)).status),
  );
  assert.equal(new Set(kept), new Set([200]));
});

test('a full disk refuses writes and says why; with room again they go on', async () => {
  const disk = folder('disk');
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', disk.path], { stdio: 'ignore' });
  } catch {
    // Without the right to mount there is no small disk to be had.
    disk.remove();
    return;
  }
  const log = join(scene.place, 'full.log');
  const full = await controlPlane(join(disk.path, 'data'), { log });
  try {
    const create = (slug: string) => full.api.request('POST', '/v1/organizations', { name: slug, slug });
    const list = async () => (await full.api.request('GET', '/v1/organizations')).body.meta.total;
    const { email, password } = ADMIN;
    const login = async () => (await full.api.request('POST', '/v1/auth/login', { email, password })).status;
    assert.is((await create('before')).status, 201);
    fill(join(disk.path, 'fill'));
    assert.is((await create('full')).status, 503);
    assert.equal([await login(), await list()], [503, 1]);
    assert.match(readFileSync(log, 'utf8'), /"level":50.*full/);
    rmSync(join(disk.path, 'fill'));
    assert.is((await create('full')).status, 201);
    assert.equal([await login(), await list()], [200, 2]);
  } finally {
    await full.process.end();
    execFileSync('umount', [disk.path]);
    disk.remove();
  }
});

/** Writes until nothing goes in any more. */
function fill(path: string): void {
  const file = openSync(path, 'w');
  for (const size of [65_536, 512]) {
    try {
      for (;;) {
        writeSync(file, Buffer.alloc(size));
      }
    } catch (error) {
      assert.is((error as NodeJS.ErrnoException).code, 'ENOSPC');
    }
  }
  closeSync(file);
}

test('no log holds a secret', () => {
  const logs = scene.logs();
  assert.ok(logs.every((text) => text.includes('"msg"')));
  for (const secret of [ADMIN.password, north.token, south.token, 'PRIVATE KEY', 'Bearer ']) {
    assert.not.ok(
      logs.some((text) => text.includes(secret)),
      secret.slice(0, 14),
    );
  }
});

test.run();
