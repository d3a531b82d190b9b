// SPDX-License-Identifier: Apache-2.0
/** G07: ten thousand connections that ask for nothing hold up nobody, go away by themselves, and take nothing along. @alone */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { Agent, request as httpRequest } from 'node:http';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { folder } from '../harness/folder.js';
import { type ControlPlane, controlPlane } from '../harness/nxmesh.js';
import { type Running, start } from '../harness/process.js';
import { until } from '../harness/until.js';

const COUNT = 10_000;
const SPARE = 1_000;
const CHILD = join(import.meta.dirname, '..', 'harness', 'idle-sockets.fixture.js');

const filesOf = (pid: number | 'self'): number =>
  Number(/^Max open files +(\d+)/m.exec(readFileSync(`/proc/${pid}/limits`, 'utf8'))?.[1] ?? 0);

const test = suite('idle sockets');
const data = folder('idle-sockets');
let plane: ControlPlane;

test.before(async () => {
  plane = await controlPlane(data.path);
});
test.after(async () => {
  await plane.process.end();
  data.remove();
});

/** On a connection of its own unless there is an agent; gives how long it took. */
const probe = (path: string, agent: Agent | false = false): Promise<number> =>
  new Promise((resolve, reject) => {
    const started = performance.now();
    const request = httpRequest(`${plane.url}${path}`, { agent }, (response) => {
      response.resume().on('end', () => {
        if (response.statusCode === 200) {
          resolve(performance.now() - started);
        } else {
          reject(new Error(`${path} answers ${response.statusCode}`));
        }
      });
    });
    request.on('error', reject);
    request.end();
  });

async function p99(path: string, times = 200): Promise<number> {
  const took: number[] = [];
  for (let index = 0; index < times; index += 1) {
    took.push(await probe(path));
  }
  return took.sort((a, b) => a - b)[Math.ceil(times * 0.99) - 1] ?? 0;
}

const idle = (count: number): Running =>
  start(process.execPath, [CHILD, String(plane.ports.http), String(count)]);

test('the probes answer within 100 ms meanwhile, on connections of their own', async () => {
  if (Math.min(filesOf('self'), filesOf(plane.process.pid)) < COUNT + SPARE) {
    console.log(`# skipped: ${filesOf('self')} open files are not enough for ${COUNT} connections`);
    return;
  }
  const crowd = idle(COUNT);
  await until('they are open', () => /open|too few/.test(crowd.output()), 20_000);
  if (crowd.output().startsWith('too few')) {
    console.log(`# skipped: ${crowd.output().trim()}`);
    return;
  }
  for (const path of ['/livez', '/readyz']) {
    // Another round where the machine was busy with something else.
    await until(`p99 of ${path} is under 100 ms`, async () => (await p99(path)) < 100, 6_000);
  }
  await plane.api.ok('POST', '/v1/organizations', { name: 'Crowd', slug: 'crowd' });
  await until('all of them are closed by the server', () => crowd.output().includes('closed'), 20_000);
  await crowd.end();
  assert.ok((await p99('/livez', 20)) < 1_000);
});

test('a process that may open no more files goes on with what is open, says so, and takes new callers again', async () => {
  const { pid } = plane.process;
  const allow = (files: number): void => {
    execFileSync('prlimit', ['--pid', String(pid), `--nofile=${files}:`], { stdio: 'ignore' });
  };
  const before = filesOf(pid);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  await probe('/livez', agent);
  try {
    allow(readdirSync(`/proc/${pid}/fd`).length + 20);
  } catch {
    console.log('# skipped: there is no prlimit here, or it may not');
    return;
  }
  const crowd = idle(200);
  await until('it says so', () => /no more connections|could not be accepted/.test(plane.process.output()));
  await probe('/livez', agent);
  assert.is(plane.process.ended(), false);
  await crowd.end('SIGKILL');
  allow(before);
  await until('new callers come in again', async () => (await probe('/livez')) > 0);
  agent.destroy();
});

test.run();
