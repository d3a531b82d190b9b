// SPDX-License-Identifier: Apache-2.0
import { X509Certificate } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { until } from '../../test/harness/until.js';
import { connected, scene, startAgent } from '../agent.harness.js';
import type { AgentSettings } from '../index.js';
import { newAuthority, startMaster } from '../master.harness.js';
import { removeFolder, tempFolder } from '../nginx.harness.js';
import { signingRequest } from './identity.js';

test('a certificate near its end is renewed with the same key', () =>
  scene(async (master, stateDir) => {
    // Two thirds of its life are over in two seconds.
    master.life = [-3_600_000, 1_803_000];
    const agent = startAgent(master, stateDir);
    const path = join(stateDir, 'identity', 'certificate.pem');
    const old = await master.until('registered', () => existsSync(path) && readFileSync(path, 'utf8'));
    master.life = [-1000, 86_400_000];
    const renewing = await master.until('asks for a new one', () =>
      master.connections.find(({ hello }) => hello.csrPem !== ''),
    );
    assert.is(renewing.hello.token, '');
    await master.until('the new one', () => readFileSync(path, 'utf8') !== old);
    const before = new X509Certificate(old);
    const after = new X509Certificate(readFileSync(path, 'utf8'));
    assert.ok(Date.parse(after.validTo) > Date.parse(before.validTo));
    assert.ok(after.publicKey.equals(before.publicKey));
    await agent.stop();
  }));

test('the gateway asks to come back later', () =>
  scene(async (master, stateDir) => {
    master.delayMs = 300;
    const started = performance.now();
    const agent = startAgent(master, stateDir);
    await connected(master, 1);
    assert.ok(performance.now() - started >= 300);
    await agent.stop();
  }));

test('another gateway gets no token; a wrong token ends the agent', () =>
  scene(async (master, stateDir) => {
    const impostor = await startMaster();
    let tries = 0;
    const log = {
      warn: (_: object, words: string) => {
        tries += words === 'no connection' ? 1 : 0;
      },
    };
    const agent = startAgent({ port: impostor.port, token: master.token }, stateDir, {}, log);
    await until('it has tried twice', () => tries >= 2);
    assert.equal(impostor.tokensSeen, []);
    await agent.stop();

    // The authority is right, the name in the certificate is not the gateway's.
    const authority = await newAuthority();
    const misnamed = await startMaster({ authority, name: 'other.example' });
    tries = 0;
    const fooled = startAgent(misnamed, stateDir, {}, log);
    await until('it has tried twice', () => tries >= 2);
    assert.equal(misnamed.tokensSeen, []);
    await fooled.stop();

    const bytes = Buffer.from(master.token.slice('nxmesh_agent_'.length), 'base64url');
    bytes.writeUInt8(bytes.readUInt8(20) ^ 1, 20);
    const wrong = startAgent(
      { port: master.port, token: `nxmesh_agent_${bytes.toString('base64url')}` },
      stateDir,
    );
    const error: unknown = await wrong.ended.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    assert.match(String(error), 'The registration token is not valid');
    impostor.close();
    misnamed.close();
  }));

test('settings that cannot work end the agent at once, and say why', () =>
  scene(async (master, stateDir) => {
    const wrongs: readonly (readonly [Partial<AgentSettings>, RegExp])[] = [
      [{ token: 'nxmesh_agent_x' }, /token is not whole/],
      [{ gateway: 'nowhere' }, /host:port/],
      [{ stateDir: `${stateDir}/${'x'.repeat(120)}` }, /107 bytes/],
      [{ stateDir: `${stateDir}/a b` }, /absolute path/],
      [{ nginx: '/bin/true' }, /not an nginx/],
      [{ nginx: '/nowhere/nginx' }, /not an nginx/],
      [{ webRoots: { site: '../x' } }, /web root/],
    ];
    for (const [more, words] of wrongs) {
      const error: unknown = await startAgent(master, stateDir, more).ended.catch(
        (reason: unknown) => reason,
      );
      assert.match(String(error), words, JSON.stringify(more));
    }
    const first = startAgent(master, stateDir);
    await connected(master, 1);
    const second: unknown = await startAgent(master, stateDir).ended.catch((reason: unknown) => reason);
    assert.match(String(second), /another agent is running/);
    await first.stop();
  }));

test('a key that somebody has ruined is made anew', async () => {
  const folder = tempFolder();
  try {
    writeFileSync(join(folder, 'key.pem'), 'nonsense');
    assert.match(await signingRequest(folder), 'CERTIFICATE REQUEST');
  } finally {
    removeFolder(folder);
  }
});

test.run();
