// SPDX-License-Identifier: Apache-2.0
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { prove } from './proof.js';

const OLD = 'a'.repeat(64);
const NEW = 'b'.repeat(64);

/** Time passes only while somebody sleeps or waits for an answer; what is answered and logged is a function of it. */
function scripted(
  answer: (ms: number) => string | undefined,
  log: (ms: number) => string[] = () => [],
  { answerMs = 0, logger = 1 } = {},
) {
  let now = 0;
  let logged = 0;
  return {
    deps: {
      clock: { now: () => now, monotonic: () => now },
      timers: {
        sleep: (ms: number) => {
          now += ms;
          return Promise.resolve();
        },
        after: () => () => undefined,
        every: () => () => undefined,
      },
      ask: () => {
        now += answerMs;
        return Promise.resolve(answer(now));
      },
    },
    expected: (oldWorkers: number[] = []) => ({
      digest: NEW,
      oldWorkers: new Set(oldWorkers),
      master: 1,
      quietMs: 300,
      timeoutMs: 2000,
      log: {
        next: () => {
          const lines = log(now).slice(logged);
          logged += lines.length;
          return lines.map((text) => ({
            level: text.startsWith('worker') ? 'alert' : 'emerg',
            pid: logger,
            text,
          }));
        },
        close: () => undefined,
      },
    }),
  };
}

test('the quiet period begins anew with every old answer', async () => {
  const { deps, expected } = scripted((ms) =>
    ms < 20 || (ms < 105 && ms % 15 === 0) ? `${OLD} 7` : `${NEW} ${8 + (ms % 2)}`,
  );
  const proof = await prove(deps, expected([7]));
  assert.ok(proof.proven);
  if (proof.proven) {
    assert.is(proof.firstMs, 20);
    assert.ok(proof.ms >= 90 + 300 && proof.ms <= 420, String(proof.ms));
    assert.equal(new Set(proof.workers), new Set([8, 9]));
  }
});

test('no answer, or an unreadable one, begins it anew too', async () => {
  for (const hole of [undefined, 'nonsense']) {
    const { deps, expected } = scripted((ms) => (ms === 250 ? hole : `${NEW} 8`));
    const proof = await prove(deps, expected());
    assert.ok(proof.proven && proof.ms >= 550, String(proof.ms));
  }
});

test('an old worker with the same digest is no proof', async () => {
  const { deps, expected } = scripted((ms) => (ms < 100 ? `${NEW} 7` : `${NEW} 8`));
  const proof = await prove(deps, expected([7]));
  assert.ok(proof.proven && proof.ms >= 400, String(proof.ms));
});

test('a new worker that answers with another digest is no proof, nor is one that says no process id', async () => {
  for (const pid of [' 8', '']) {
    const other = scripted(() => OLD + pid);
    const proof = await prove(other.deps, other.expected([7]));
    assert.equal([proof.proven, !proof.proven && proof.why], [false, 'timeout']);
  }
  const { deps, expected } = scripted((ms) => (ms === 100 ? `${OLD} 8` : `${NEW} ${ms < 100 ? 8 : 9}`));
  const proof = await prove(deps, expected([7]));
  assert.equal(proof.proven && proof.workers, [9], 'those of the quiet period that was one');
});

test('waiting for an answer is no quiet', async () => {
  const { deps, expected } = scripted(() => `${NEW} 8`, undefined, { answerMs: 400 });
  const proof = await prove(deps, expected([7]));
  assert.ok(proof.proven && proof.ms >= 1200, String(proof.ms));
});

test('what another process writes into the same log is not heard', async () => {
  const words = (ms: number): string[] =>
    ms >= 50 ? ['a test by hand', 'worker process 8 exited on signal 11'] : [];
  const { deps, expected } = scripted(() => `${NEW} 9`, words, { logger: 2 });
  assert.ok((await prove(deps, expected([7]))).proven);
});

test('one old answer every 200 ms is never a proof', async () => {
  const { deps, expected } = scripted((ms) => (ms % 200 === 0 ? `${OLD} 7` : `${NEW} 8`));
  const proof = await prove(deps, expected([7]));
  assert.equal([proof.proven, !proof.proven && proof.why], [false, 'timeout']);
});

test('a refusal is known at once, a taken port only when nginx has given up', async () => {
  const refused = scripted(
    () => `${OLD} 7`,
    (ms) => (ms >= 50 ? ['limit_req "z" uses the "$a" key'] : []),
  );
  const one = await prove(refused.deps, refused.expected([7]));
  assert.ok(!one.proven && one.why === 'refused' && one.ms === 50);

  const bind = 'bind() to 127.0.0.1:80 failed (98: Address already in use)';
  const taken = scripted(
    () => `${OLD} 7`,
    (ms) => [...(ms >= 5 ? [bind] : []), ...(ms >= 1500 ? ['still could not bind()'] : [])],
  );
  const two = await prove(taken.deps, taken.expected([7]));
  assert.ok(!two.proven && two.why === 'refused' && two.ms === 1500);

  const freed = scripted(
    (ms) => (ms < 600 ? `${OLD} 7` : `${NEW} 8`),
    (ms) => (ms >= 5 ? [bind] : []),
  );
  assert.ok((await prove(freed.deps, freed.expected([7]))).proven, 'it became free in between');
});

test('a new worker that dies fails it, an old one that dies does not', async () => {
  const died = 'worker process 8 exited on signal 11';
  const fresh = scripted(
    () => `${NEW} 9`,
    (ms) => (ms >= 100 ? [died] : []),
  );
  const one = await prove(fresh.deps, fresh.expected([7]));
  assert.ok(!one.proven && one.why === 'crashed');
  const old = scripted(
    () => `${NEW} 9`,
    (ms) => (ms >= 100 ? [died] : []),
  );
  assert.ok((await prove(old.deps, old.expected([7, 8]))).proven);
});

test.run();
