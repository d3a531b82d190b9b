// SPDX-License-Identifier: Apache-2.0
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Experiment, Skipped, type Trial } from './experiment.js';
import { experiments } from './index.js';
import { report } from './report.js';
import { runTrial } from './trial.js';

const options = { full: false, seed: 1, say: () => {} };
const experiment = (embedded: (trial: Trial) => Promise<void>): Experiment => ({
  id: 'X0',
  title: 'nothing',
  bound: 'none',
  shapes: { embedded },
});
const verdictOf = async (run: (trial: Trial) => Promise<void>) =>
  (await runTrial(experiment(run), 'embedded', options)).verdict;

test('an invariant that did not hold, a figure above its bound, a throw and a failed cleanup fail it', async () => {
  assert.is(await verdictOf(async (trial) => trial.check('I1', true, '')), 'held');
  assert.is(await verdictOf(async (trial) => trial.check('I1', false, '')), 'FAILED');
  assert.is(await verdictOf(async (trial) => trial.measure('ready', 3, 's', 2)), 'FAILED');
  assert.is(await verdictOf(() => Promise.reject(new Error('no'))), 'FAILED');
  assert.is(await verdictOf(async (trial) => trial.cleanup(() => Promise.reject(new Error('no')))), 'FAILED');
  assert.is(await verdictOf(() => Promise.reject(new Skipped('none here'))), 'skipped');
});

test('the same seed gives the same numbers', async () => {
  const numbers: number[] = [];
  const draw = async (trial: Trial): Promise<void> => void numbers.push(trial.random(), trial.random());
  await verdictOf(draw);
  await verdictOf(draw);
  assert.equal(numbers.slice(0, 2), numbers.slice(2));
  assert.is.not(numbers[0], numbers[1]);
});

test('the report names what failed', async () => {
  const failed = await runTrial(
    experiment(async (trial) => trial.check('I9', false, '3 of 10 requests failed')),
    'embedded',
    options,
  );
  assert.match(report([failed]), 'X0  embedded  I9');
  assert.match(report([failed]), '  I9: 3 of 10 requests failed');
  assert.match(report([failed]), '0 held, 1 failed, 0 skipped');
});

test('every experiment has a shape, and a number of its own', () => {
  assert.is(new Set(experiments.map(({ id }) => id)).size, experiments.length);
  assert.ok(experiments.every(({ shapes }) => Object.keys(shapes).length > 0));
});

test.run();
