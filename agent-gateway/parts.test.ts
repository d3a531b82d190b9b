// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { NxError, Secret, systemTimers, unavailable } from '../kernel/index.js';
import { ConfigApplyStatus, ConfigStatus } from '../proto/index.js';
import { REASONS } from '../schemas/index.js';
import { admission, attemptLimit } from './bucket.js';
import type { Authority } from './ca.js';
import { outbox } from './outbox.js';
import { recorder } from './recorder.js';
import { failureOf, reasonOf } from './refusal.js';
import { sessions } from './sessions.js';
import { gatewayTls } from './tls.js';
import { line, words } from './words.js';

/** Time that moves when it is told to. */
function manualTime() {
  let now = 0;
  const due: { at: number; task: () => void }[] = [];
  const timers = {
    sleep: async () => {},
    every: () => () => {},
    after: (ms: number, task: () => void) => {
      const one = { at: now + ms, task };
      due.push(one);
      return () => void due.splice(due.indexOf(one), due.includes(one) ? 1 : 0);
    },
  };
  return {
    clock: { now: () => now, monotonic: () => now },
    timers,
    random: { bytes: (count: number) => Buffer.alloc(count), fraction: () => 0.5 },
    pass: (ms: number): void => {
      now += ms;
      for (const one of due.filter(({ at }) => at <= now)) {
        due.splice(due.indexOf(one), 1);
        one.task();
      }
    },
  };
}

const quiet = { info: () => {}, warn: () => {}, error: () => {} };

test('admission lets the rate through, and spreads those it turns away', () => {
  const time = manualTime();
  const gate = admission(time, 10);
  const first = Array.from({ length: 10 }, () => gate.take());
  assert.ok(first.every((wait) => wait === 0));
  const waits = Array.from({ length: 1000 }, () => gate.take());
  assert.ok(waits.every((wait) => wait >= 1000 && wait <= 46_000));
  assert.ok((waits.at(50) ?? 0) > (waits.at(0) ?? 0));
  time.pass(60_000);
  assert.is(gate.take(), 0);
});

test('failed attempts are counted by network and forgotten after the window', () => {
  const time = manualTime();
  const limit = attemptLimit(time.clock, 2, 1000);
  limit.count('2001:db8:0:1::1');
  limit.count('2001:db8:0:1:ffff::2');
  assert.is(limit.wait('2001:db8:0:1:2:3:4:5'), 1000);
  assert.is(limit.wait('2001:db8:0:2::1'), 0);
  limit.count('2001:db8::1');
  limit.count('2001:db8::2');
  assert.is(limit.wait('2001:db8::3'), 1000, 'however it is written');
  limit.count('::ffff:192.0.2.1');
  limit.count('192.0.2.1');
  assert.is(limit.wait('192.0.2.1'), 1000);
  time.pass(1000);
  assert.is(limit.wait('192.0.2.1'), 0);
  for (let count = 0; count < 20_000; count += 1) {
    limit.count(`10.0.${count >> 8}.${count & 255}`);
  }
  assert.is(limit.wait('10.0.0.0'), 0, 'memory is bounded');
});

test('a session that breaks leaves its place, and holds up no end', async () => {
  const { clock, timers } = manualTime();
  const held = sessions({ clock, timers, logger: quiet }, { before: () => {}, begun: () => {} });
  const agent = { agentId: 'a', workspaceId: 'w', organizationId: 'o', expiresAt: 1 };
  const broken = {
    id: '1',
    agent,
    command: () => {},
    retry: () => {},
    end: () => {},
    check: () => {},
    run: () => Promise.reject(new Error('broken')),
  };
  const ended: unknown = await held.hold(broken).catch((error: unknown) => error);
  assert.instance(ended, Error);
  assert.is(held.get('a'), undefined);
  await held.close();
});

test('the certificate of the gateway is made anew each day, and when the clock was set', async () => {
  let now = 0;
  let look = (): void => {};
  const made: number[] = [];
  const authority = {
    certificatePem: '',
    issueServer: async () => {
      made.push(now);
      return { chainPem: '', keyPem: new Secret('') };
    },
  } as unknown as Authority;
  const timers = {
    ...systemTimers,
    every: (_: number, task: () => void) => {
      look = task;
      return () => {};
    },
  };
  await gatewayTls(authority, [], { clock: { now: () => now, monotonic: () => 0 }, timers });
  const day = 86_400_000;
  for (const at of [60_000, day - 1, day, day + 60_000, 400 * day, 400 * day + 1, 5 * day, 6 * day]) {
    now = at;
    look();
    await systemTimers.sleep(0);
  }
  assert.equal(made, [0, day, 400 * day, 5 * day, 6 * day]);
});

test('words are bounded and without control characters, whatever comes', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary', maxLength: 5000 }),
      fc.integer({ min: 1, max: 3000 }),
      (text, max) => {
        const safe = words(text, max);
        assert.ok(safe.length <= max);
        assert.not.match(safe, /(?!\n)[\p{Cc}\p{Cs}\u202a-\u202e\u2066-\u2069]/u);
        assert.not.match(line(text, max), /\n/);
      },
    ),
    { numRuns: 500 },
  );
  assert.is(words('plain "text" ü 😀'), 'plain "text" ü 😀');
});

test('an outbox writes in order, tells of a stall, and makes its feeder wait', async () => {
  const time = manualTime();
  const written: string[] = [];
  let done = (): void => {};
  let stalls = 0;
  const box = outbox(
    {
      timers: time.timers,
      write: (message, next) => {
        written.push(message.toString());
        done = next;
      },
      stalled: () => {
        stalls += 1;
      },
    },
    100,
  );
  box.send(Buffer.from('0'));
  await box.room();
  for (let index = 1; index <= 40; index += 1) {
    box.send(Buffer.from(String(index)));
  }
  let room = false;
  const waiting = box.room().then(() => {
    room = true;
  });
  time.pass(99);
  done();
  time.pass(99);
  await Promise.resolve();
  assert.is(stalls, 0);
  assert.not(room);
  time.pass(1);
  assert.is(stalls, 1);
  for (let index = 0; index < 20; index += 1) {
    done();
  }
  await waiting;
  assert.equal(
    written,
    Array.from({ length: 22 }, (_, index) => String(index)),
  );
  box.close();
  done();
  assert.is(written.length, 22);
  time.pass(1000);
  assert.is(stalls, 1);
});

const agent = { agentId: 'a', workspaceId: 'w', organizationId: 'o' };
const fact = (running: boolean, at = '') => ({ type: 'mark-nginx' as const, agent_id: 'a', running, at });

test('facts of an agent are recorded in order, again while the log is down, and not twice when refused', async () => {
  const time = manualTime();
  const seen: string[] = [];
  const errors = [unavailable('down'), unavailable('down'), new NxError('CONFLICT', 'busy')];
  const facts = recorder({
    ...time,
    logger: quiet,
    record: async (_workspace, _organization, _agent, command) => {
      const at = command.type === 'mark-nginx' ? command.at : '';
      const error = at === '1' ? errors.shift() : undefined;
      if (error) {
        throw error;
      }
      seen.push(at);
    },
  });
  const results = await Promise.all(['1', '2', '3'].map((at) => facts.record(agent, fact(true, at))));
  assert.equal(results, [true, true, true]);
  assert.equal(seen, ['1', '2', '3']);
  errors.push(new NxError('NOT_FOUND', 'gone'));
  assert.not(await facts.record(agent, fact(true, '1')));
  assert.ok(await facts.record(agent, fact(true, '1')));
  await facts.idle();
});

test('a fact that always conflicts is given up, and those behind it are recorded', async () => {
  let tries = 0;
  const facts = recorder({
    ...manualTime(),
    logger: quiet,
    record: async (_workspace, _organization, _agent, command) => {
      if (command.type === 'mark-nginx' && command.at === '1') {
        tries += 1;
        throw new NxError('CONFLICT', 'busy');
      }
    },
  });
  const results = await Promise.all(['1', '2'].map((at) => facts.record(agent, fact(true, at))));
  assert.equal([results, tries], [[false, true], 20]);
});

test('facts that wait for the log are bounded, and closing lets them go', async () => {
  const time = manualTime();
  const facts = recorder({
    ...time,
    timers: { ...time.timers, sleep: () => new Promise((resolve) => setTimeout(resolve, 1)) },
    logger: quiet,
    record: () => Promise.reject(unavailable('down')),
  });
  const all = Array.from({ length: 300 }, () => facts.record(agent, fact(true)));
  assert.not(await all[299]);
  facts.close();
  assert.ok((await Promise.all(all)).every((recorded) => !recorded));
});

const status = (over: Partial<ConfigStatus>): ConfigStatus =>
  ConfigStatus.fromPartial({ status: ConfigApplyStatus.FAILED, ...over });

test('every reason of the list is kept, and any words end on the list', () => {
  for (const reason of REASONS) {
    assert.is(reasonOf(status({ reason }), 'tested'), reason);
  }
  for (const [said, reason] of [
    ['bind() to [::]:443 failed (98: Address already in use)', 'PORT_IN_USE'],
    ['host not found in upstream "x"', 'HOST_NOT_FOUND'],
    ['cannot load certificate "/x": BIO_new_file() failed', 'CERT_UNREADABLE'],
    ['SSL_CTX_use_PrivateKey("/x") failed (x509 key values mismatch)', 'CERT_KEY_MISMATCH'],
    ['open() "/x" failed (13: Permission denied)', 'PERMISSION'],
    ['write() failed (28: No space left on device)', 'DISK_FULL'],
    ['unknown directive "x"', 'SYNTAX'],
  ] as const) {
    assert.is(reasonOf(status({ errorMessage: said }), 'tested'), reason);
    assert.is(reasonOf(status({ nginxOutput: said, reason: 'SOMETHING' }), 'tested'), reason);
  }
  assert.is(reasonOf(status({}), 'proven'), 'HEALTH_GATE');
  assert.is(reasonOf(status({}), 'linked'), 'RELOAD_TIMEOUT');
});

test('a refusal without any words still says something', () => {
  const failure = failureOf(status({}), { digest: 'd', version: 1 }, undefined, { at: '', durationMs: 1 });
  assert.is(failure.message, 'Refused by the agent: SYNTAX');
  assert.is(failure.culprit, null);
});

test.run();
