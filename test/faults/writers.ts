// SPDX-License-Identifier: Apache-2.0
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { api } from '../harness/api.js';
import { ADMIN, BIN } from '../harness/nxmesh.js';
import { start } from '../harness/process.js';
import { until } from '../harness/until.js';
import { audit } from './audit.js';
import type { Experiment, Trial } from './experiment.js';
import { startLoad } from './load.js';
import { proxyTo } from './proxy.js';
import { planeFor } from './scene.js';
import { startSite } from './traffic.js';

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** A second process on the same files is refused by name: beside a running one, a paused one, and not after a dead one. */
async function secondWriterOfAFile(trial: Trial): Promise<void> {
  const plane = await planeFor(trial);
  const workspace = await plane.workspace();
  const load = startLoad(plane.api, workspace, 8);
  const second = async (): Promise<string> => {
    const env = {
      NXMESH_DATA_DIR: join(plane.place, 'data'),
      NXMESH_HTTP_LISTEN: '127.0.0.1:0',
      NXMESH_GRPC_LISTEN: '127.0.0.1:0',
    };
    const other = start(BIN, ['serve'], { env });
    const code = await other.exited;
    trial.check('I2', code === 1, `the second process ended with ${code}`);
    return other.output();
  };
  trial.check('I2', /in use|another process/i.test(await second()), 'the refusal does not say why');
  plane.signal('commands', 'SIGSTOP');
  const asleep = performance.now();
  trial.check(
    'I2',
    /in use|another process/i.test(await second()),
    'beside a paused one: the refusal does not say why',
  );
  await pause(trial.count(3_000, 60_000) - (performance.now() - asleep));
  plane.signal('commands', 'SIGCONT');
  const before = load.acknowledged.length;
  await until('writes go on', () => load.acknowledged.length > before, 20_000);
  // The lock of a process that was killed is stale.
  await plane.kill('commands');
  await plane.restart('commands');
  const { acknowledged, refused } = await load.end();
  trial.check('I1', refused.length === 0, refused.join('; '));
  await audit(trial, plane, { acknowledged });
}

/** Two processes write to the same streams, one of them paused in the middle of it. */
async function secondWriterOfAStream(trial: Trial): Promise<void> {
  const plane = await planeFor(trial);
  const { parts } = plane;
  const other = await parts?.another('commands');
  const port = /"http":"http:\/\/127\.0\.0\.1:(\d+)"/.exec(other?.output() ?? '')?.[1];
  const workspace = await plane.workspace();
  const first = startLoad(plane.api, workspace, 6, 'a');
  const second = startLoad(api(`http://127.0.0.1:${port}`, ADMIN), workspace, 6, 'b');
  await until('both write', () => first.acknowledged.length > 20 && second.acknowledged.length > 20, 30_000);
  plane.signal('commands', 'SIGSTOP');
  const before = second.acknowledged.length;
  await pause(trial.count(3_000, 60_000));
  trial.check('I8', second.acknowledged.length > before, 'the other one stood still');
  plane.signal('commands', 'SIGCONT');
  const woken = first.acknowledged.length;
  await until('the paused one writes again', () => first.acknowledged.length > woken, 20_000);
  const ended = [await first.end(), await second.end()];
  trial.check(
    'I1',
    ended.every(({ refused }) => refused.length === 0),
    ended.flatMap(({ refused }) => refused).join('; '),
  );
  await other?.end();
  await audit(trial, plane, { acknowledged: ended.flatMap(({ acknowledged }) => acknowledged) });
}

/** The answer of every third command is lost on its way back; the client asks again with the same key. */
async function lostAnswers(trial: Trial): Promise<void> {
  const plane = await planeFor(trial);
  const workspace = await plane.workspace();
  const { hostname, port } = new URL(plane.url);
  const proxy = await proxyTo(hostname, Number(port));
  trial.cleanup(() => proxy.close());
  const through = api(`http://127.0.0.1:${proxy.port}`, ADMIN);
  await through.ok('GET', '/v1/organizations');
  const acknowledged: string[] = [];
  for (let n = 0; n < trial.count(60, 1_000); n += 1) {
    const key = randomUUID();
    const create = () =>
      through.request(
        'POST',
        `${workspace}/upstreams`,
        { name: `lost-${n}`, servers: [{ address: '10.0.0.1:80' }] },
        { 'Idempotency-Key': key },
      );
    proxy.losing(n % 3 === 0 ? ' 201 Created' : undefined);
    const lost = await create().catch(() => undefined);
    proxy.losing(undefined);
    const again = await create();
    const third = await create();
    trial.check(
      'I2',
      again.status === 201 && again.body.id === third.body.id,
      `asked again: ${again.status}`,
    );
    trial.check('I2', lost === undefined || lost.body.id === again.body.id, 'asked again, another answer');
    acknowledged.push(again.body.id);
  }
  trial.measure('answers lost', proxy.lost(), '');
  trial.expect(proxy.lost() >= trial.count(20, 333), 'too few answers were lost to tell');
  await audit(trial, plane, { acknowledged });
}

/** A hundred clients change one virtual host at the same revision, round after round. */
async function oneHostManyWriters(trial: Trial): Promise<void> {
  const plane = await planeFor(trial);
  const workspace = await plane.workspace();
  const { api: client } = plane;
  const host = await client.ok('POST', `${workspace}/virtual-hosts`, {
    name: 'shop',
    server_name: 'shop.example',
    locations: [{ path: '/', proxy_pass: 'http://127.0.0.1:9' }],
  });
  const path = `/v1/virtual-hosts/${host.id}`;
  const won: string[] = [];
  for (let round = 0; round < trial.count(5, 50); round += 1) {
    const { headers } = await client.request('GET', path);
    const etag = headers.get('etag') ?? '';
    const answers = await Promise.all(
      Array.from({ length: 100 }, async (_, n) => {
        const server_name = `r${round}w${n}.example`;
        return {
          server_name,
          ...(await client.request('PATCH', path, { server_name }, { 'If-Match': etag })),
        };
      }),
    );
    const winners = answers.filter(({ status }) => status === 200);
    won.push(...winners.map(({ server_name }) => server_name));
    const others = new Set(answers.filter(({ status }) => status !== 200).map(({ status }) => status));
    trial.check('I2', winners.length === 1, `${winners.length} won one revision`);
    trial.check(
      'I2',
      [...others].every((status) => status === 412 || status === 409),
      `the others: ${[...others].join()}`,
    );
    const now = await client.ok('GET', path);
    trial.check('I2', now.server_name === winners[0]?.server_name, 'what won is not what stands');
  }
  // Without a revision each is decided on what the one before it left: all but those that gave up are there.
  const open = await Promise.all(
    Array.from({ length: 100 }, (_, n) => client.request('PATCH', path, { server_name: `o${n}.example` })),
  );
  const statuses = new Set(open.map(({ status }) => status));
  trial.check(
    'I2',
    [...statuses].every((status) => status === 200 || status === 409),
    `without a revision: ${[...statuses].join()}`,
  );
  const taken = open.filter(({ status }) => status === 200).length;
  trial.measure('taken without a revision', taken, 'of 100');
  const events = await audit(trial, plane);
  const updates = events.flatMap((event) =>
    event.type === 'virtual_host.updated' && event.data.virtual_host.id === host.id
      ? event.data.virtual_host.server_name
      : [],
  );
  trial.check(
    'I1',
    updates.length === won.length + taken,
    `${updates.length} updates for ${won.length + taken} answers`,
  );
  trial.measure('rounds of 100', won.length, '');
}

/** The process is asked to end under load and started again, again and again. */
async function stopUnderLoad(trial: Trial): Promise<void> {
  const plane = await planeFor(trial);
  const site = await startSite(trial, plane);
  // A second process takes what the first no longer does: whoever stops one of two shows nobody a fault.
  const second = await plane.parts?.another('commands');
  trial.cleanup(async () => second?.end());
  const load = startLoad(plane.api, site.workspace, 8);
  const rounds = trial.count(3, 100);
  for (let round = 0; round < rounds; round += 1) {
    const before = load.acknowledged.length;
    await until('commands are acknowledged', () => load.acknowledged.length > before + 10, 30_000);
    await plane.kill('commands', 'SIGTERM');
    await plane.restart('commands');
  }
  await site.change('after.example');
  const { acknowledged, serverErrors, notTaken, unanswered, refused, longestMs } = await load.end();
  trial.check(
    'I1',
    serverErrors.length === 0,
    `a retrying client saw ${[...new Set(serverErrors)].join()} (${serverErrors.length} times)`,
  );
  trial.check('I1', refused.length === 0, refused.slice(0, 3).join('; '));
  // Of two one is always there. A single process is away for a while, and a client that keeps connections may use one in
  // the very moment in which it is closed for having rested.
  trial.check('I1', unanswered === 0 || !second, `${unanswered} requests were sent and never answered`);
  trial.check('I1', notTaken === 0 || !second, `${notTaken} connections were not taken`);
  trial.measure('stops', rounds, '');
  trial.measure('connections not taken', notTaken, '');
  trial.measure('requests without an answer', unanswered, '');
  trial.measure('longest wait', longestMs, 'ms');
  await site.settle();
  await site.end(await audit(trial, plane, { acknowledged }));
}

export const writers: readonly Experiment[] = [
  {
    id: 'X11',
    title: 'a second writer on the same log',
    bound: 'refused or fenced, nothing twice',
    shapes: { embedded: secondWriterOfAFile, distributed: secondWriterOfAStream },
  },
  {
    id: 'X36',
    title: 'a command is sent again after its answer was lost',
    bound: 'the same answer, one event',
    shapes: { embedded: lostAnswers, distributed: lostAnswers },
  },
  {
    id: 'X37',
    title: '100 writers on one virtual host at the same revision',
    bound: 'one wins each revision',
    shapes: { embedded: oneHostManyWriters, distributed: oneHostManyWriters },
  },
  {
    id: 'X40',
    title: 'asked to end under load',
    bound: 'no 5xx for a client that retries',
    shapes: { embedded: stopUnderLoad, distributed: stopUnderLoad },
  },
];
