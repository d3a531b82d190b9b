// SPDX-License-Identifier: Apache-2.0
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Unavailable } from '../event-log/index.js';
import { systemTimers } from '../kernel/index.js';
import { StoreUnavailable } from '../read-store/index.js';
import { awaitServers } from './await-servers.js';

function setup() {
  const told: object[] = [];
  const pauses: number[] = [];
  const timers = {
    ...systemTimers,
    sleep: async (ms: number) => {
      pauses.push(ms);
    },
  };
  return { told, pauses, deps: { timers, log: { warn: (what: object) => void told.push(what) } } };
}

test('servers are waited for together, each named at each try', async () => {
  const { told, pauses, deps } = setup();
  const away = (name: string, tries: number, error: Error) => {
    let left = tries;
    return {
      name,
      look: async () => {
        left -= 1;
        if (left >= 0) {
          throw error;
        }
      },
    };
  };
  await awaitServers(
    [away('a log', 5, new Unavailable('nobody there')), away('a store', 1, new StoreUnavailable('no'))],
    deps,
  );
  assert.equal(
    told.filter((one) => 'server' in one && one.server === 'a log'),
    Array.from({ length: 5 }, () => ({ server: 'a log', error: 'nobody there' })),
  );
  assert.equal(told.length, 6);
  assert.equal(
    pauses.toSorted((a, b) => a - b),
    [250, 250, 500, 1000, 2000, 2000],
  );
});

test('what asking again does not mend ends the start', async () => {
  const { told, deps } = setup();
  class Refused extends Unavailable {}
  const failing = async (error: Error) =>
    awaitServers(
      [{ name: 'x', look: () => Promise.reject(error), isFinal: (one) => one instanceof Refused }],
      deps,
    ).then(
      () => undefined,
      (one: unknown) => one,
    );
  for (const error of [new Error('foreign'), new Refused('who are you')]) {
    assert.is(await failing(error), error);
  }
  assert.equal(told, []);
});

test.run();
