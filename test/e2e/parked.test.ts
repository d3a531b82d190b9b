// SPDX-License-Identifier: Apache-2.0
/** @slow 180: a host that only real nginx refuses costs nobody else anything, and itself no more than the change. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ask, upstreamServer } from '../../demo/traffic.js';
import { sha256 } from '../../kernel/index.js';
import { manifestDigest } from '../../nginx/manifest.js';
import { fleet, type Member } from '../harness/fleet.js';
import { freePort } from '../harness/ports.js';
import { until } from '../harness/until.js';

const test = suite('parked');
const HOSTS = 12;
const BAD = 7;
const NOWHERE = 'http://nowhere.invalid:80';
const blue = await upstreamServer('blue');
let scene: Awaited<ReturnType<typeof fleet>>;
let member: Member;
let port: number;
const ids: string[] = [];

const name = (n: number): string => `h${n}.example`;
const to = (proxy_pass: string) => ({ locations: [{ path: '/', proxy_pass }] });
const good = to(`http://${blue.address}`);
const agent = () => scene.plane().api.ok('GET', `/v1/agents/${member.id}`);
/** The past has the bytes that ran: each file by its hash, and all of them by the digest that nginx answered with. */
async function ranAs(query: string, digest: string): Promise<string[]> {
  const { files } = await scene.plane().api.ok('GET', `/v1/agents/${member.id}/config?${query}`);
  for (const { content, sha256: expected } of files) {
    assert.is(sha256(content), expected);
  }
  assert.is(manifestDigest(files), digest);
  return files.map(({ path }: { path: string }) => path);
}
const served = async (): Promise<number[]> => {
  const answers = await Promise.all(Array.from({ length: HOSTS }, (_, n) => ask(port, name(n))));
  return answers.flatMap((answer, n) => (answer === 'blue' ? n : []));
};
const all = Array.from({ length: HOSTS }, (_, n) => n);

/** What is changed meanwhile comes to the agent in one version. */
async function atOnce(task: () => Promise<void>): Promise<void> {
  process.kill(member.process.pid, 'SIGSTOP');
  try {
    await task();
  } finally {
    process.kill(member.process.pid, 'SIGCONT');
  }
}

/** The agent runs the newest version, but for what is parked. */
const partial = () =>
  until('the rest is applied', async () => {
    const { parked, applied, state } = await agent();
    const { data } = await scene.plane().api.ok('GET', `${scene.ws}/changes?per_page=1`);
    return parked.length > 0 && applied?.version === data[0].version ? { parked, state, applied } : undefined;
  });

test.before(async () => {
  scene = await fleet('parked');
  member = await scene.join('web', {});
  port = await freePort();
});

test.after(async () => {
  await scene.end();
  blue.server.close();
});

test('one of many that nginx refuses is left out, the others are served', async () => {
  await atOnce(async () => {
    for (const n of all) {
      const host = {
        name: `h${n}`,
        server_name: name(n),
        listen_port: port,
        ...(n === BAD ? to(NOWHERE) : good),
      };
      ids.push((await scene.change('POST', `${scene.ws}/virtual-hosts`, host)).body.id);
    }
  });
  const { parked, state, applied } = await partial();
  assert.is(state, 'degraded');
  assert.equal(
    parked.map((one: Record<string, unknown>) => [
      one.virtual_host_id,
      one.reason,
      one.held_version,
      one.suspect,
    ]),
    [[ids[BAD], 'HOST_NOT_FOUND', null, false]],
  );
  assert.match(
    parked[0].message,
    /^locations\[0\]\.proxy_pass of virtual host "h7": host not found in upstream/,
  );
  assert.equal(
    await served(),
    all.filter((n) => n !== BAD),
  );
  const then = await scene
    .plane()
    .api.ok('GET', `/v1/agents/${member.id}/config?at=version:${applied.version}`);
  assert.equal([then.parked, then.partial, then.proven.digest], [parked, applied.digest, applied.digest]);
  assert.ok(then.desired !== applied.digest && !then.in_sync, 'what ran is not all that was desired');
  for (const query of ['', `at=version:${applied.version}`, 'files=proven']) {
    assert.not.ok((await ranAs(query, applied.digest)).includes(`vhosts/${ids[BAD]}.conf`), query);
  }
  const change = await scene.plane().api.ok('GET', `${scene.ws}/changes/${applied.version}`);
  assert.equal(
    [change.agents[0].state, change.agents[0].parked, change.summary.partial],
    ['partial', parked, 1],
  );
});

test('its fix brings it in and ends it', async () => {
  await scene.change('PATCH', `/v1/virtual-hosts/${ids[BAD]}`, good);
  await scene.reaches(member, 'online');
  assert.equal((await agent()).parked, []);
  assert.equal(await served(), all);
});

test('a host that ran goes on as it was, also over a restart of the control plane', async () => {
  await atOnce(async () => {
    await scene.change('PATCH', `/v1/virtual-hosts/${ids[3]}`, to(NOWHERE));
    await scene.change('PATCH', `/v1/virtual-hosts/${ids[4]}`, { server_name: 'renamed.example' });
  });
  const { parked, applied } = await partial();
  assert.is(parked[0].virtual_host_id, ids[3]);
  const held = `vhosts/${ids[3]}.conf`;
  assert.ok((await ranAs('', applied.digest)).includes(held));
  assert.ok((await ranAs(`at=version:${applied.version}&files=proven`, applied.digest)).includes(held));
  const { lines } = await scene.plane().api.ok('GET', `/v1/agents/${member.id}/config/blame?path=${held}`);
  const written = lines.flatMap(({ change }: { change: { type: string } | null }) => change?.type ?? []);
  assert.equal([...new Set(written)], ['virtual_host.created'], 'it runs as it was made');
  assert.ok(parked[0].held_version > 0);
  assert.equal(
    await served(),
    all.filter((n) => n !== 4),
  );
  assert.is(await ask(port, 'renamed.example'), 'blue');
  await scene.restart();
  await scene.change('PATCH', `/v1/virtual-hosts/${ids[5]}`, { server_name: 'after.example' });
  await until('the next change goes by it', async () => (await ask(port, 'after.example')) === 'blue');
  assert.equal(
    await served(),
    all.filter((n) => n !== 4 && n !== 5),
  );
  assert.is((await agent()).parked[0].virtual_host_id, ids[3]);
});

test.run();
