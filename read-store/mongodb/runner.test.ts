// SPDX-License-Identifier: Apache-2.0
/** @slow 900: the first run builds the server. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Append, seeded } from '../../projections/history.harness.js';
import { readModels as allModels } from '../../projections/models.js';
import { hashes, rebuilt, setup, startRunner, until } from '../../projections/runner.harness.js';
import type { Mongo } from '../../test/services/mongodb.js';
import { onMongo, scratch } from './server.harness.js';

type Setup = ReturnType<typeof setup>;

const EVENTS = 1_500;

/** The records have fifteen indexes, with which FerretDB on SQLite takes 7 ms a document: minutes, and nothing new. */
const readModels = allModels.filter(({ name }) => name !== 'records');

async function fill(append: Setup['append'], facts: readonly Append[]): Promise<void> {
  for (const [stream, fact] of facts) {
    await append(stream, fact);
  }
}

function tests(server: Mongo): void {
  const test = suite(`projections on ${server.name}`);
  // The runner's timers do not keep a process alive.
  const alive = setInterval(() => {}, 1_000);
  test.after(() => clearInterval(alive));

  test('a catch-up gives the documents that memory gives', async () => {
    const place = scratch(server);
    try {
      const { log, append } = setup();
      const facts = seeded(7, EVENTS);
      await fill(append, facts.slice(10));
      const store = await place.open();
      const first = startRunner(log, store, readModels, { leaseTtlMs: 5_000 });
      assert.ok(await first.passed(await log.head(), 60_000), JSON.stringify(board(await first.status())));
      assert.equal(await hashes(store, readModels), await rebuilt(log, readModels));
      // Another process, with the log a little further on.
      const second = startRunner(log, await place.open(), readModels, { leaseTtlMs: 5_000, batchSize: 7 });
      assert.ok(await second.passed(await log.head(), 20_000), 'stands by');
      await first.stop();
      await fill(append, facts.slice(0, 10));
      await until(
        async () => (await second.status()).every((one) => one.state === 'live' && one.lag === 0n),
        20_000,
      );
      assert.ok(await second.passed(await log.head(), 20_000));
      await second.stop();
      assert.equal(await hashes(store, readModels), await rebuilt(log, readModels));
    } finally {
      await place.dispose();
    }
  });

  test('a server that ends in the middle of a catch-up costs nothing but time', async () => {
    if (server.lacks.includes('restart')) {
      console.log(`  skipped on ${server.name}: stopping it`);
      return;
    }
    const place = scratch(server, 2_000);
    try {
      const { log, append } = setup();
      await fill(append, seeded(7, EVENTS));
      const store = await place.open();
      const runner = startRunner(log, store, readModels, { leaseTtlMs: 5_000, batchSize: 100 });
      await until(async () => (await runner.status()).some((one) => one.position > 10_000n), 30_000);
      await server.down();
      await until(async () => (await runner.status()).every((one) => one.state === 'waiting'), 30_000);
      await server.up();
      assert.ok(await runner.passed(await log.head(), 90_000), JSON.stringify(board(await runner.status())));
      await runner.stop();
      assert.equal(await hashes(store, readModels), await rebuilt(log, readModels));
    } finally {
      await place.dispose();
    }
  });

  test.run();
}

const board = (
  status: readonly { name: string; state: string; position: bigint; error?: string }[],
): unknown => status.map(({ name, state, position, error }) => [name, state, String(position), error]);

await onMongo('projections on MongoDB', tests);
