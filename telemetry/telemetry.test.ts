// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { systemClock } from '../kernel/index.js';
import { COUNTERS } from '../proto/index.js';
import { memoryReadStore } from '../read-store/index.js';
import { sqliteReadStore } from '../read-store/sqlite/index.js';
import { telemetryContract } from './contract.harness.js';
import { cellOf, logReader, metricsReader, quantile } from './index.js';

telemetryContract('memory', async () => {
  const store = memoryReadStore({ clock: systemClock });
  return { store, dispose: () => store.close() };
});

telemetryContract('sqlite', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'nxmesh-telemetry-'));
  const store = sqliteReadStore({ path: join(folder, 'telemetry.db'), clock: systemClock });
  return {
    store,
    dispose: async () => {
      await store.close();
      rmSync(folder, { recursive: true });
    },
  };
});

const test = suite('telemetry');

test('quantiles lie within their class, and above all classes at the last bound', () => {
  const of = (counts: Record<string, number>) => cellOf(new Map(Object.entries(counts)) as never);
  assert.is(quantile(of({}), 0.5), undefined);
  assert.is(quantile(of({ to_10: 10 }), 0.5), 7.5);
  assert.is(quantile(of({ to_1: 99, to_1000: 1 }), 0.99), 1);
  assert.is(quantile(of({ to_1: 98, to_1000: 2 }), 0.99), 750);
  assert.is(quantile(of({ to_inf: 3 }), 0.5), 10_000);
});

test('a store that no gateway has used holds nothing', async () => {
  const store = memoryReadStore({ clock: systemClock });
  const range = { from: 0, to: 3_600_000 };
  const total = await metricsReader(store).total({ workspaceId: 'w' }, range);
  assert.equal(total, Array(COUNTERS.length).fill(0));
  assert.is(await metricsReader(store).active({ workspaceId: 'w' }, range), 0);
  const found = await logReader(store, async () => {})({ workspaceId: 'w', ...range, limit: 1 });
  assert.equal(found, { records: [], total: 0, exact: true, dropped: 0 });
});

test.run();
