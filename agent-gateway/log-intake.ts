// SPDX-License-Identifier: Apache-2.0
import { type Deferred, deferred, errorMessage, uuidv7 } from '../kernel/index.js';
import type { LogBatch } from '../proto/index.js';
import {
  type LogBatchToWrite,
  type LogCursor,
  type LogRecord,
  logWriter,
  type RetentionSettings,
} from '../telemetry/index.js';
import type { Allowance } from './allowance.js';
import type { GatewayDeps } from './deps.js';
import type { Identity } from './identity.js';
import { recordOf } from './log-entry.js';

/** Access-log records on their way into the store. */
export interface LogIntake {
  /** True once they are kept, or left out because there are too many; false when they should be sent again. */
  take(agent: Identity, batch: LogBatch): Promise<boolean>;
  close(): Promise<void>;
}

interface Waiting {
  readonly agent: Identity;
  readonly source: string;
  /** With the place of each in the agent's log; 0 where it is not numbered. */
  readonly records: readonly { readonly record: LogRecord; readonly sequence: number }[];
  readonly last: number;
  readonly dropped: number;
  readonly done: Deferred<boolean>;
}

/** A second's lines make one block, so that few lines do not make many. */
const FLUSH_MS = 1000;
/** Written together; what is sent in one message stays together. */
const WRITE_LINES = 1000;
const MOST_WAITING = 20_000;

export function logIntake(
  deps: Pick<GatewayDeps, 'telemetryStore' | 'clock' | 'timers' | 'random' | 'logger'>,
  limits: Allowance,
  { accessLogMs, accessLogBytes }: RetentionSettings,
): LogIntake {
  const { clock, timers, logger } = deps;
  const writer = logWriter({
    store: deps.telemetryStore,
    newId: () => uuidv7(clock, deps.random),
    hourBytes: accessLogBytes,
  });
  let waiting: Waiting[] = [];
  let lines = 0;
  let flushing: Promise<void> | undefined;

  /** What is new of a message, beside what the store has of its agent's log already. */
  async function fresh(one: Waiting, cursors: Map<string, LogCursor>): Promise<LogBatchToWrite> {
    const { agentId, workspaceId } = one.agent;
    const at = clock.now();
    if (one.source === '') {
      const records = one.records.map(({ record }) => record);
      return { workspaceId, records, cursors: new Map(), dropped: { at, count: one.dropped } };
    }
    const cursor = cursors.get(agentId) ?? (await writer.cursor(agentId));
    const from = cursor?.source === one.source ? cursor.sequence : 0;
    const records = one.records.filter(({ sequence }) => sequence > from).map(({ record }) => record);
    const sequence = Math.max(from, one.last);
    const moved = sequence > from ? new Map([[agentId, { source: one.source, sequence }]]) : new Map();
    for (const [id, to] of moved) {
      cursors.set(id, to);
    }
    return { workspaceId, records, cursors: moved, dropped: { at, count: one.dropped } };
  }

  /** Blocks are made a workspace, so that many agents with few lines make few of them. */
  function joined(batches: readonly LogBatchToWrite[]): LogBatchToWrite[] {
    const workspaces = new Map<string, LogBatchToWrite>();
    for (const batch of batches) {
      const { workspaceId, records, cursors, dropped } = batch;
      const before = workspaces.get(workspaceId);
      workspaces.set(workspaceId, {
        workspaceId,
        records: [...(before?.records ?? []), ...records],
        cursors: new Map([...(before?.cursors ?? []), ...cursors]),
        dropped: { at: dropped?.at ?? 0, count: (before?.dropped?.count ?? 0) + (dropped?.count ?? 0) },
      });
    }
    return [...workspaces.values()];
  }

  function next(): Waiting[] {
    let count = 0;
    let taken = 0;
    while (taken < waiting.length && (taken === 0 || count < WRITE_LINES)) {
      count += waiting[taken]?.records.length ?? 0;
      taken += 1;
    }
    const batch = waiting.slice(0, taken);
    waiting = waiting.slice(taken);
    lines -= count;
    return batch;
  }

  async function flush(): Promise<void> {
    while (waiting.length > 0) {
      const batch = next();
      try {
        const cursors = new Map<string, LogCursor>();
        const batches: LogBatchToWrite[] = [];
        for (const one of batch) {
          batches.push(await fresh(one, cursors));
        }
        await writer.write(joined(batches));
        for (const { done } of batch) {
          done.resolve(true);
        }
      } catch (error) {
        logger.warn({ error: errorMessage(error) }, 'access-log records were not written');
        for (const { done } of batch) {
          done.resolve(false);
        }
      }
      // Commands and other agents have their turn between two writes.
      await timers.sleep(0);
    }
  }
  const start = (): void => {
    flushing ??= flush().finally(() => {
      flushing = undefined;
    });
  };
  const stop = timers.every(FLUSH_MS, start);

  return {
    take: (agent, { entries, source }) => {
      const now = clock.now();
      const room = Math.max(0, MOST_WAITING - lines);
      const allowed = Math.min(limits.take(agent.agentId, entries.length), room);
      let dropped = entries.length - allowed;
      const records: { record: LogRecord; sequence: number }[] = [];
      for (const entry of entries.slice(0, allowed)) {
        const record = recordOf(agent.agentId, entry, now);
        if (record && record.at < now - accessLogMs) {
          dropped += 1;
        } else if (record) {
          records.push({ record, sequence: Number(entry.sequence) });
        }
      }
      const last = entries.reduce((most, { sequence }) => Math.max(most, Number(sequence)), 0);
      if (records.length === 0 && dropped === 0 && (source === '' || last === 0)) {
        return Promise.resolve(true);
      }
      lines += records.length;
      const done = deferred<boolean>();
      waiting.push({ agent, source: source.slice(0, 64), records, last, dropped, done });
      if (lines >= WRITE_LINES) {
        start();
      }
      return done.promise;
    },
    close: async () => {
      stop();
      await flushing;
      await flush();
    },
  };
}
