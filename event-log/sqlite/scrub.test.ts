// SPDX-License-Identifier: Apache-2.0
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { systemTimers } from '../../kernel/index.js';
import { until } from '../../test/harness/until.js';
import { newStream, upstreamsCreated } from '../contract/subject.harness.js';
import { eventLog } from '../index.js';
import { newLogPath } from './folder.harness.js';
import { sqliteLog } from './index.js';

const open = async (path: string, damaged: (error: Error) => void, everyMs?: number) =>
  eventLog(await sqliteLog(path, { scrub: { timers: systemTimers, damaged, ...(everyMs && { everyMs }) } }));

const nobody = (error: Error): void => assert.unreachable(error.message);

test('each round walks the chain as far as it has come then', async () => {
  const log = await open(newLogPath(), nobody, 1);
  for (const count of [50, 40]) {
    const { position } = await log.append(newStream(), 'none', upstreamsCreated(count));
    await until('a round', () => log.scrubbed?.()?.through === position);
  }
  assert.is(log.scrubbed?.()?.damage, undefined);
  await log.close();
});

test('an old event that was altered, which a start does not see, is named; the log goes on', async () => {
  const path = newLogPath();
  const [first, ...others] = upstreamsCreated(1_100);
  assert.ok(first);
  const before = await open(path, nobody);
  await before.append(newStream(), 'none', [first]);
  await before.append(newStream(), 'none', others);
  await before.close();
  const bytes = readFileSync(path);
  bytes.write('z', bytes.indexOf(first.data.upstream.id));
  writeFileSync(path, bytes);

  const told: string[] = [];
  const log = await open(path, (error) => told.push(error.message));
  await until('the damage', () => told.length > 0);
  assert.match(told[0] ?? '', /^position 1, event 0 of workspace-.*: is not what was written$/);
  assert.equal(log.scrubbed?.(), { through: 0n, damage: told[0] });
  await log.append(newStream(), 'none', upstreamsCreated(1));
  await log.close();
});

test('a log that closes does not wait for a round', async () => {
  const path = newLogPath();
  const log = await open(path, nobody);
  await log.append(newStream(), 'none', upstreamsCreated(500));
  await log.close();
});

test.run();
