// SPDX-License-Identifier: Apache-2.0
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { systemClock, systemTimers } from '../kernel/index.js';
import { memoryReadStore } from '../read-store/index.js';
import type { Memory } from './memory.js';
import { watchPresence } from './presence.js';
import { HEALTH } from './telemetry.js';

const agent = (agentId: string) => ({ agentId, workspaceId: 'w', organizationId: 'o' });

test('agents that were left connected and do not come back are gone, unless another gateway hears of them', async () => {
  const readStore = memoryReadStore({ clock: systemClock });
  await readStore.define([{ name: HEALTH, indexes: [] }]);
  const at = (now: number) => new Date(now).toISOString();
  const now = 1_800_000_000_000;
  await readStore.write([
    { kind: 'put', collection: HEALTH, doc: { id: 'elsewhere', at: at(now + 5000) } },
    { kind: 'put', collection: HEALTH, doc: { id: 'silent', at: at(now - 5000) } },
  ]);
  const recorded: string[] = [];
  let due = (): void => {};
  const presence = watchPresence(
    {
      clock: { ...systemClock, now: () => now },
      timers: {
        ...systemTimers,
        after: (_, task) => {
          due = task;
          return () => {};
        },
      },
      readStore,
      memory: {
        connected: () =>
          ['elsewhere', 'silent', 'back'].map((id) => ({ agent: agent(id), session: `s-${id}` })),
      } as unknown as Memory,
      recorder: {
        record: async (who: { agentId: string }, command: { type: string }) => {
          recorded.push(`${who.agentId} ${command.type}`);
        },
      } as never,
    },
    { heartbeatMs: 10, heartbeatGraceMs: 10 },
  );
  presence.start();
  presence.back('back');
  due();
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  assert.equal(recorded, ['back disconnect', 'silent disconnect']);
  presence.stop();
});

test.run();
