// SPDX-License-Identifier: Apache-2.0
/** The gateway was away for longer than a certificate lives. */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { until } from '../../test/harness/until.js';
import { connected, final, scene, startAgent } from '../agent.harness.js';
import type { Master } from '../master.harness.js';
import { freePort, get, site, updateOf } from '../nginx.harness.js';
import { systemProcesses } from '../nginx-control/processes.js';

/** An agent that has served something, was stopped, and whose certificate is over; its nginx has ended too. */
async function outlived(master: Master, stateDir: string): Promise<number> {
  master.life = [-3_600_000, 3000];
  const port = await freePort();
  const agent = startAgent(master, stateDir);
  const connection = await connected(master, 1);
  const update = updateOf({ 'a.conf': site(port, 'hello') });
  connection.update(update);
  await final(master, connection, update.digest);
  await agent.stop();
  for (const { pid } of systemProcesses.list().filter(({ folder }) => folder === stateDir)) {
    systemProcesses.signal(pid, 'SIGKILL');
  }
  const path = join(stateDir, 'identity', 'certificate.pem');
  const end = Date.parse(new X509Certificate(readFileSync(path)).validTo);
  await until('the certificate is over', () => Date.now() >= end);
  return port;
}

const serves = (port: number) =>
  until('nginx serves', async () => (await get(port).catch(() => '')) === 'hello');

test('what it served is served again, without a certificate and without a token', () =>
  scene(async (master, stateDir) => {
    const port = await outlived(master, stateDir);
    const agent = startAgent({ port: master.port }, stateDir);
    await Promise.race([serves(port), agent.ended]);
    assert.is(await get(port), 'hello');
    await agent.stop();
  }));

test('a token that is refused ends no agent that serves', () =>
  scene(async (master, stateDir) => {
    const port = await outlived(master, stateDir);
    const bytes = Buffer.from(master.token.slice('nxmesh_agent_'.length), 'base64url');
    bytes.writeUInt8(bytes.readUInt8(20) ^ 1, 20);
    const refusals: string[] = [];
    const token = `nxmesh_agent_${bytes.toString('base64url')}`;
    const agent = startAgent(
      { port: master.port, token },
      stateDir,
      {},
      {
        error: (fields) => void refusals.push(JSON.stringify(fields)),
      },
    );
    await Promise.race([
      until('it is refused', () => refusals.some((words) => words.includes('not valid'))),
      agent.ended,
    ]);
    await serves(port);
    await agent.stop();
  }));

test.run();
