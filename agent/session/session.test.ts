// @slow 90
import { X509Certificate } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { sha256, systemClock, systemRandom, systemTimers } from '../../kernel/index.js';
import { ConfigApplyStatus, type ConfigStatus } from '../../proto/index.js';
import { type AgentSettings, runAgent } from '../index.js';
import { type Connection, type Master, newAuthority, startMaster } from '../master.harness.js';
import {
  freePort,
  get,
  listenOn,
  NGINX,
  removeFolder,
  silent,
  site,
  tempFolder,
  updateOf,
} from '../nginx.harness.js';

interface Running {
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

/** The agent whole, as `nxmesh agent` runs it, in this process. */
function startAgent(
  master: Pick<Master, 'port' | 'token'>,
  stateDir: string,
  more: Partial<AgentSettings> = {},
): Running {
  const abort = new AbortController();
  const ended = runAgent(
    {
      gateway: `127.0.0.1:${master.port}`,
      token: master.token,
      stateDir,
      nginx: NGINX,
      quietMs: 100,
      ...more,
    },
    { clock: systemClock, timers: systemTimers, random: systemRandom, log: silent, signal: abort.signal },
  );
  ended.catch(() => undefined);
  const stop = async (): Promise<void> => {
    abort.abort();
    await ended.catch(() => undefined);
  };
  running.push(stop);
  return { ended, stop };
}

const running: (() => Promise<void>)[] = [];
const statuses = (connection: Connection): ConfigStatus[] =>
  connection.messages.flatMap(({ payload }) => (payload?.$case === 'configStatus' ? [payload.value] : []));

const final = (master: Master, connection: Connection, digest: string): Promise<ConfigStatus> =>
  master.until(`final status of ${digest}`, () =>
    statuses(connection).find((one) => one.digest === digest && one.status >= ConfigApplyStatus.SUCCESS),
  );

const connected = (master: Master, count: number): Promise<Connection> =>
  master.until(`connection ${count}`, () => master.connections[count - 1]);

async function scene(task: (master: Master, stateDir: string) => Promise<void>): Promise<void> {
  const stateDir = tempFolder();
  const master = await startMaster();
  try {
    await task(master, stateDir);
  } finally {
    for (const stop of running.splice(0)) {
      await stop();
    }
    master.close();
    removeFolder(stateDir);
  }
}

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

    const bad = updateOf({ 'a.conf': site(port, 'bad'), 'b.conf': site(other, 'bad') });
    one.update(bad);
    await master.until('applying', () =>
      statuses(one).some((s) => s.digest === bad.digest && s.stage === 'tested'),
    );
    one.end();
    const two = await connected(master, 2);
    two.update(bad);
    const refused = await final(master, two, bad.digest);
    assert.equal([refused.status, refused.reason], [ConfigApplyStatus.ROLLED_BACK, 'PORT_IN_USE']);
    assert.match(refused.nginxOutput, `127.0.0.1:${other}`);
    assert.is(await get(port), 'good');
    taken.close();
    await agent.stop();

    master.acks = false;
    const again = startAgent(master, stateDir);
    const three = await connected(master, 3);
    await master.until('a heartbeat', () =>
      three.messages.some(({ payload }) => payload?.$case === 'health'),
    );
    assert.equal(statuses(three), [], 'what was acknowledged is not told again');
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
    first.close();
    assert.is(await get(port), 'good');
    const second = await startMaster({ authority, port: first.port });
    const back = await connected(second, 1);
    assert.is(back.hello.runningDigest, good.digest);
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
    const agent = startAgent({ port: impostor.port, token: master.token }, stateDir);
    await systemTimers.sleep(1500);
    assert.equal(impostor.tokensSeen, []);
    await agent.stop();

    // The authority is right, the name in the certificate is not the gateway's.
    const authority = await newAuthority();
    const misnamed = await startMaster({ authority, name: 'other.example' });
    const fooled = startAgent(misnamed, stateDir);
    await systemTimers.sleep(1500);
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

test.run();
