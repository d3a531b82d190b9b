// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { connected, final, scene, startAgent } from '../agent.harness.js';
import type { Connection } from '../master.harness.js';
import { freePort, site, updateOf } from '../nginx.harness.js';
import { createOnce } from './once.js';

test('asked again, it is not done again; what is very old is forgotten', async () => {
  const once = createOnce<number>();
  let done = 0;
  const task = async (): Promise<number> => {
    done += 1;
    return done;
  };
  assert.equal(await Promise.all([once('a', task), once('a', task), once('b', task)]), [1, 1, 2]);
  for (let n = 0; n < 1000; n += 1) {
    await once(String(n), task);
  }
  assert.is(await once('999', task), 1002);
  assert.is(await once('a', task), 1003);
});

test('a restart that is asked for over two connections ends nginx once', () =>
  scene(async (master, stateDir) => {
    const port = await freePort();
    const agent = startAgent(master, stateDir);
    const first = await connected(master, 1);
    const good = updateOf({ 'a.conf': site(port, 'good') });
    first.update(good);
    await final(master, first, good.digest);
    const restart = (connection: Connection) => {
      const command = { $case: 'restart', value: { force: true } } as const;
      connection.send({ $case: 'command', value: { commandId: 'restart', command } });
      return master.until('the answer', () =>
        connection.messages.find(({ payload }) => payload?.$case === 'commandResult'),
      );
    };
    const pid = (): string => readFileSync(join(stateDir, 'run', 'nginx.pid'), 'utf8');
    const before = pid();
    await restart(first);
    const restarted = pid();
    assert.is.not(restarted, before);
    first.end();
    await restart(await connected(master, 2));
    assert.is(pid(), restarted);
    await agent.stop();
  }));

test.run();
