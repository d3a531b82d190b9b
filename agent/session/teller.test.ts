// SPDX-License-Identifier: Apache-2.0
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Report } from '../apply/update.js';
import { createTeller } from './teller.js';

const report = (digest: string, status: 'PENDING' | 'SUCCESS'): Report =>
  ({
    digest,
    version: 1n,
    receivedAt: 0,
    status,
    ...(status === 'PENDING' ? { stage: '' } : { outcome: {} }),
  }) as Report;

/** A teller on an open connection, and what it has told: the message's id is its place. */
function connected() {
  const told: string[] = [];
  const teller = createTeller(() => undefined);
  teller.connect(({ digest, status }) => `m${told.push(`${digest} ${status}`)}`);
  return { teller, told };
}

test('a final report is told again with the second heartbeat and each after, until it is acknowledged', () => {
  const { teller, told } = connected();
  teller.report(report('a', 'PENDING'));
  teller.report(report('a', 'SUCCESS'));
  teller.remind();
  assert.is(told.length, 2, 'it was told only now');
  teller.remind();
  assert.equal(told.slice(2), ['a SUCCESS']);
  teller.acknowledged('m3', false);
  teller.remind();
  assert.is(told.length, 4, 'the master could not keep it');
  teller.acknowledged('m4', true);
  teller.remind();
  teller.remind();
  assert.is(told.length, 4);
});

test('what became of an update is not told again once another was taken', () => {
  const { teller, told } = connected();
  teller.report(report('a', 'SUCCESS'));
  teller.taken();
  teller.remind();
  teller.remind();
  assert.equal(told, ['a SUCCESS']);
});

test.run();
