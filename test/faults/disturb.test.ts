// SPDX-License-Identifier: Apache-2.0
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { disturb, type Fate } from './disturb.js';
import { seeded } from './random.js';

/** One direction with a seed; time goes on when it is told to. */
function scene(seed: number) {
  const passed: number[] = [];
  const fates: Fate[] = [];
  const waiting: { readonly at: number; readonly task: () => void }[] = [];
  const disturbed = disturb<number>({
    random: seeded(seed),
    after: (ms, task) => {
      const one = { at: ms, task };
      waiting.push(one);
      return () => void waiting.splice(waiting.indexOf(one), 1);
    },
    pass: (message) => void passed.push(message),
    seen: (fate) => void fates.push(fate),
  });
  return {
    disturbed,
    passed,
    fates,
    timePasses: () => {
      for (const { task } of waiting.splice(0).sort((a, b) => a.at - b.at)) {
        task();
      }
    },
  };
}

const NUMBERS = Array.from({ length: 300 }, (_, index) => index);

test('messages are lost, come twice and are overtaken, and the same seed does the same', () => {
  const runs = [1, 1, 2].map((seed) => {
    const { disturbed, passed, fates, timePasses } = scene(seed);
    for (const n of NUMBERS) {
      disturbed.take(n);
    }
    timePasses();
    assert.ok(passed.some((n, index) => n < (passed[index - 1] ?? 0)));
    assert.is(new Set(passed).size, NUMBERS.length - fates.filter((fate) => fate === 'lost').length);
    assert.is(passed.length - new Set(passed).size, fates.filter((fate) => fate === 'twice').length);
    assert.equal(new Set(fates), new Set(['lost', 'twice', 'late']));
    return passed;
  });
  assert.equal(runs[0], runs[1]);
  assert.not.equal(runs[0], runs[2]);
});

test('the first message is never lost', () => {
  for (let seed = 0; seed < 100; seed += 1) {
    const { disturbed, passed, timePasses } = scene(seed);
    disturbed.take(0);
    timePasses();
    assert.ok(passed.includes(0), `seed ${seed}`);
  }
});

test('when it is over, what was held comes at once and nothing more befalls anybody', () => {
  const { disturbed, passed, fates, timePasses } = scene(3);
  for (const n of NUMBERS) {
    disturbed.take(n);
  }
  disturbed.calm();
  const lost = fates.filter((fate) => fate === 'lost').length;
  assert.is(new Set(passed).size, NUMBERS.length - lost);
  const before = passed.length;
  for (const n of NUMBERS) {
    disturbed.take(n);
  }
  timePasses();
  assert.equal(passed.slice(before), NUMBERS);
});

test.run();
