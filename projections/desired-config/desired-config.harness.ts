// SPDX-License-Identifier: Apache-2.0
import { WORKSPACE } from '../../domain/workspace/workspace.fixture.js';
import type { EventLog } from '../../event-log/index.js';
import { streams, systemClock, uuidv5 } from '../../kernel/index.js';
import {
  type ConfigEvent,
  type Fact,
  type NewEvent,
  schemaVersion,
  type WorkspaceEvent,
} from '../../schemas/index.js';
import { desiredConfig, type Refused } from './workflow.js';

export const source = streams.workspace(WORKSPACE);
let count = 0;
const event = (fact: Fact): NewEvent => {
  count += 1;
  return {
    ...fact,
    id: uuidv5('test', String(count)),
    meta: {
      command_id: `command-${count}`,
      command_digest: 'd',
      correlation_id: `req-${count}`,
      causation_id: `req-${count}`,
      actor: 'user:1',
      workspace_id: WORKSPACE,
      schema_version: String(schemaVersion(fact.type)),
      recorded_at: '2026-01-15T10:30:00.000Z',
    },
  };
};

export async function append(log: EventLog, ...facts: readonly Fact[]): Promise<void> {
  const last = (await all(log, source)).at(-1)?.revision;
  await log.append(source, last ?? 'none', facts.map(event));
}

export async function all(log: EventLog, stream: string) {
  const found = [];
  for await (const one of log.read(stream)) {
    found.push(one);
  }
  return found;
}

export const versions = async (log: EventLog) => (await all(log, streams.config(WORKSPACE))) as ConfigEvent[];

/** One pass of a fresh workflow over the whole log. */
export async function pass(log: EventLog, refused: (change: Refused) => void = () => {}): Promise<void> {
  const workflow = desiredConfig({ log, clock: systemClock, refused });
  for (const one of await all(log, source)) {
    await workflow.take(one as WorkspaceEvent);
  }
  await workflow.settle();
}
