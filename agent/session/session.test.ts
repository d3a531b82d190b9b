// SPDX-License-Identifier: Apache-2.0
// @slow 90
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { sha256 } from '../../kernel/index.js';
import { ConfigApplyStatus } from '../../proto/index.js';
import { connected, final, scene, startAgent, statuses } from '../agent.harness.js';
import type { Update } from '../apply/update.js';
import { type Connection, newAuthority, startMaster } from '../master.harness.js';
import { freePort, get, listenOn, site, updateOf } from '../nginx.harness.js';

test('registers, connects, applies, tells each stage, beats; keeps its identity', () =>
  scene(async (master, stateDir) => {
    const port = await freePort();
    const agent = startAgent(master, stateDir, { webRoots: { site: '/srv/site' }, labels: { env: 'test' } });
    const one = await connected(master, 1);
    assert.equal(master.tokensSeen, [master.token]);
    assert.is(one.hello.token, '', 'the token is not shown again');
    assert.is(one.hello.nginxVersion, '1.22.1');
    assert.ok(one.hello.nginxModules.includes('http_ssl'));
    assert.equal([one.hello.runningDigest, one.hello.bundlePrefix], ['', '']);
    assert.equal([one.hello.webRoots, one.hello.labels], [{ site: '/srv/site' }, { env: 'test' }]);
    for (const name of ['key.pem', 'certificate.pem', 'ca.pem']) {
      assert.is(statSync(join(stateDir, 'identity', name)).mode & 0o777, 0o600);
    }

    const first = updateOf({ 'http.conf': '# nothing\n', 'vhosts/a.conf': site(port, 'one') });
    one.update(first);
    const done = await final(master, one, first.digest);
    assert.is(done.status, ConfigApplyStatus.SUCCESS, done.errorMessage);
    assert.is(done.version, first.version);
    assert.is(done.configId, first.digest);
    assert.equal(
      statuses(one).map(({ status }) => status),
      [
        ConfigApplyStatus.PENDING,
        ConfigApplyStatus.VALIDATING,
        ConfigApplyStatus.APPLYING,
        ConfigApplyStatus.SUCCESS,
      ],
    );
    assert.equal(Object.keys(done.stageMs).sort(), [
      'committed',
      'linked',
      'proven',
      'signalled',
      'staged',
      'tested',
    ]);
    assert.is(await get(port), 'one');

    const beat = await master.until('a heartbeat with nginx', () =>
      one.messages
        .map(({ payload }) => (payload?.$case === 'health' ? payload.value : undefined))
        .find((health) => health?.nginx?.isRunning && health.nginx.totalRequests > 0n),
    );
    assert.is(beat.configChecksum, first.digest);
    assert.is(beat.configVersion, first.version);
    assert.ok((beat.system?.memoryTotalBytes ?? 0n) > 0n && (beat.system?.diskTotalBytes ?? 0n) > 0n);
    assert.ok(one.messages.every(({ agentId, messageId }) => agentId === master.agentId && messageId !== ''));
    await agent.stop();
    assert.is(await get(port), 'one', 'nginx goes on without its agent');

    const again = startAgent(master, stateDir);
    const two = await connected(master, 2);
    assert.is(master.tokensSeen.length, 1, 'the certificate is used');
    assert.equal([two.hello.runningDigest, two.hello.runningVersion], [first.digest, first.version]);
    assert.equal([...two.hello.heldFiles].sort(), [...first.contents.keys()].sort());
    await again.stop();
  }));

test('a delta, in parts, with files that it holds; wrong bytes and wrong digests are refused', () =>
  scene(async (master, stateDir) => {
    const port = await freePort();
    const agent = startAgent(master, stateDir);
    const one = await connected(master, 1);
    const old = updateOf({ 'a.conf': site(port, 'old'), 'b.conf': '# b\n', 'c.conf': '# c\n' });
    one.update(old);
    await final(master, one, old.digest);

    const next = updateOf({
      'a.conf': site(port, 'new'),
      'c.conf': '# c\n',
      'd.conf': '# d\n',
      'e.conf': '# c\n',
    });
    const file = (path: string, content?: string) => ({
      path,
      sha256: next.manifest.get(path) ?? '',
      content: content === undefined ? undefined : Buffer.from(content),
    });
    const delta = { baseDigest: old.digest, parts: 2, removedPaths: [] };
    one.update(next, {
      ...delta,
      part: 1,
      files: [file('a.conf', site(port, 'new'))],
      removedPaths: ['b.conf'],
    });
    one.update(next, { ...delta, part: 2, files: [file('d.conf', '# d\n'), file('e.conf')] });
    const done = await final(master, one, next.digest);
    assert.is(done.status, ConfigApplyStatus.SUCCESS, done.errorMessage);
    assert.is(await get(port), 'new');

    const bad = updateOf({ 'a.conf': site(port, 'bad') });
    const good = file('a.conf', site(port, 'bad'));
    const hash = bad.manifest.get('a.conf') ?? '';
    for (const [what, extra] of [
      ['other bytes', { files: [{ ...good, sha256: hash, content: Buffer.from('other') }] }],
      ['a file too many', { files: [{ ...good, sha256: hash }, file('d.conf', '# d\n')] }],
      [
        'bytes that are nowhere',
        { files: [{ path: 'a.conf', sha256: sha256('nowhere'), content: undefined }] },
      ],
      ['a path upwards', { files: [{ path: '../a.conf', sha256: hash, content: good.content }] }],
      ['a base that is not here', { baseDigest: sha256('no'), files: [{ ...good, sha256: hash }] }],
      ['a part that does not follow', { part: 3, parts: 4, files: [] }],
    ] as const) {
      const before = statuses(one).length;
      one.update(bad, { ...extra, files: [...extra.files] });
      const refused = await master.until(what, () => statuses(one)[before]);
      assert.equal([refused.status, refused.reason], [ConfigApplyStatus.FAILED, 'DIGEST_MISMATCH'], what);
    }
    assert.not.ok(existsSync(join(stateDir, 'a.conf')));
    assert.is(await get(port), 'new');
    await agent.stop();
  }));

test('an update that newer ones have overtaken changes nothing; an answer that nobody acknowledges is told again', () =>
  scene(async (master, stateDir) => {
    const port = await freePort();
    const agent = startAgent(master, stateDir);
    const one = await connected(master, 1);
    const old = updateOf({ 'a.conf': site(port, 'old') });
    const next = updateOf({ 'a.conf': site(port, 'next') });
    one.update(old);
    await final(master, one, old.digest);
    master.acks = false;
    one.update(next);
    await final(master, one, next.digest);
    one.update(old);
    const answers = await master.until('the answer again', () => {
      const told = statuses(one).filter(({ status }) => status === ConfigApplyStatus.SUCCESS);
      return told.length >= 4 && told.map(({ digest }) => digest);
    });
    assert.equal(answers.slice(0, 4), [old.digest, next.digest, next.digest, next.digest]);
    assert.is(await get(port), 'next');
    await agent.stop();
  }));

test('the gateway goes while a bundle is refused: the answer comes with the next connection, once', () =>
  scene(async (master, stateDir) => {
    const port = await freePort();
    const taken = await listenOn(0);
    const other = (taken.address() as { port: number }).port;
    const agent = startAgent(master, stateDir);
    const one = await connected(master, 1);
    const good = updateOf({ 'a.conf': site(port, 'good') });
    one.update(good);
    await final(master, one, good.digest);

    const leaveWhileApplying = async (connection: Connection, update: Update): Promise<void> => {
      connection.update(update);
      await master.until('applying', () =>
        statuses(connection).some(({ digest, stage }) => digest === update.digest && stage === 'tested'),
      );
      connection.end();
    };
    const bad = updateOf({ 'a.conf': site(port, 'bad'), 'b.conf': site(other, 'bad') });
    await leaveWhileApplying(one, bad);
    const two = await connected(master, 2);
    const refused = await final(master, two, bad.digest);
    assert.equal([refused.status, refused.reason], [ConfigApplyStatus.ROLLED_BACK, 'PORT_IN_USE']);
    assert.match(refused.nginxOutput, `127.0.0.1:${other}`);

    const worse = updateOf({ 'a.conf': site(port, 'worse'), 'b.conf': site(other, 'worse') });
    await leaveWhileApplying(two, worse);
    const three = await connected(master, 3);
    three.update(worse);
    assert.is((await final(master, three, worse.digest)).status, ConfigApplyStatus.ROLLED_BACK);
    const tests = [...statuses(two), ...statuses(three)].filter(
      ({ digest, status }) => digest === worse.digest && status === ConfigApplyStatus.VALIDATING,
    );
    assert.is(tests.length, 1, 'what was sent twice is applied once');
    assert.is(await get(port), 'good');
    taken.close();
    await agent.stop();

    master.acks = false;
    const again = startAgent(master, stateDir);
    const four = await connected(master, 4);
    await master.until('a heartbeat', () => four.messages.some(({ payload }) => payload?.$case === 'health'));
    assert.equal(statuses(four), [], 'what was acknowledged is not told again');
    await again.stop();
  }));

test('without a gateway nginx goes on, and the agent comes back to it', () =>
  scene(async (master, stateDir) => {
    const port = await freePort();
    const authority = await newAuthority();
    const first = await startMaster({ authority });
    const agent = startAgent(first, stateDir);
    const one = await connected(first, 1);
    const good = updateOf({ 'a.conf': site(port, 'good') });
    one.update(good);
    await final(first, one, good.digest);
    assert.is(await get(port), 'good');

    const next = updateOf({ 'a.conf': site(port, 'next') });
    one.update(next);
    await first.until('applying', () =>
      statuses(one).some(({ digest, stage }) => digest === next.digest && stage === 'tested'),
    );
    first.close();
    const journal = (): string => readFileSync(join(stateDir, 'journal'), 'utf8');
    await master.until('its end', () => journal().split(next.digest).pop()?.includes('outcome'));
    assert.is(await get(port), 'next');
    const second = await startMaster({ authority, port: first.port });
    const back = await connected(second, 1);
    assert.is(back.hello.runningDigest, next.digest);
    const told = await final(second, back, next.digest);
    assert.equal([told.status, told.version], [ConfigApplyStatus.SUCCESS, next.version]);
    await agent.stop();
    second.close();
    void master;
  }));

test('commands', () =>
  scene(async (master, stateDir) => {
    const port = await freePort();
    const agent = startAgent(master, stateDir, { allowStop: false });
    const one = await connected(master, 1);
    const good = updateOf({ 'a.conf': site(port, 'good') });
    one.update(good);
    await final(master, one, good.digest);
    const ask = async (commandId: string, command: object) => {
      one.send({ $case: 'command', value: { commandId, command } as never });
      return master.until(commandId, () =>
        one.messages
          .map(({ payload }) => (payload?.$case === 'commandResult' ? payload.value : undefined))
          .find((result) => result?.commandId === commandId),
      );
    };
    assert.ok((await ask('1', { $case: 'reload', value: { graceful: true } })).success);
    assert.match((await ask('2', { $case: 'getStatus', value: {} })).message, good.digest);
    assert.not.ok((await ask('3', { $case: 'validateConfig', value: { configContent: 'x' } })).success);
    assert.not.ok((await ask('4', { $case: 'stop', value: { graceful: true, timeoutSeconds: 1 } })).success);
    assert.is(await get(port), 'good');
    await agent.stop();
  }));

test.run();
