// SPDX-License-Identifier: Apache-2.0
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { LogDamaged } from '../event-log/index.js';
import { refuseShorterLog } from './log-continuity.js';

const store = (checkpoints: Readonly<Record<string, bigint>>) => ({
  checkpoint: async (name: string) => checkpoints[name] ?? 0n,
});

test('a log that ends before what any read model has seen is refused, with both positions', async () => {
  const seen = store({ 'agents.v2': 40n, 'members.v1': 77n });
  const check = (head: bigint) =>
    refuseShorterLog({ head: async () => head }, seen, ['agents.v2', 'members.v1', 'places.v1']).then(
      () => undefined,
      (error: unknown) => error,
    );
  for (const head of [0n, 76n]) {
    const error = await check(head);
    assert.instance(error, LogDamaged);
    assert.match((error as Error).message, `ends at position ${head}, and read models have seen 77`);
  }
  assert.is(await check(77n), undefined);
  assert.is(await check(1_000n), undefined);
});

test('what others write while it is looked is not missing', async () => {
  let head = 5n;
  const growing = {
    checkpoint: async () => {
      const seen = head;
      head += 1n;
      return seen;
    },
  };
  await refuseShorterLog({ head: async () => head }, growing, ['a.v1', 'b.v1']);
});

test.run();
