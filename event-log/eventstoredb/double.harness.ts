// SPDX-License-Identifier: Apache-2.0
import { randomUUID } from 'node:crypto';
import { type DoubleNode, type DoubleOptions, startDouble } from '../../test/eventstoredb/index.js';
import type { LogAdapter, RawDelivery, RawEvent, StoredRawEvent, SubscribeOptions } from '../port.js';
import { type EventStoreDbOptions, eventStoreDbLog } from './index.js';

/** Short enough for a test to wait for, long enough for a busy machine. */
export const QUICK = { callMs: 2_000, attempts: 3, firstPauseMs: 5, lastPauseMs: 100, watchMs: 300 };

/** For a server that says nothing, where nothing else is waited for. */
export const IMPATIENT = { timing: { ...QUICK, callMs: 150 } };

const addressOf = (node: { readonly port: number }): string => `esdb://127.0.0.1:${node.port}?tls=false`;

export interface Stage {
  readonly node: DoubleNode;
  readonly log: LogAdapter;
  end(): Promise<void>;
}

/** A double with a log on it. */
export async function stage(
  options: DoubleOptions = {},
  logOptions: EventStoreDbOptions = {},
): Promise<Stage> {
  const node = await startDouble(options);
  const log = await eventStoreDbLog({ connectionString: addressOf(node) }, { timing: QUICK, ...logOptions });
  return {
    node,
    log,
    end: async () => {
      await log.close();
      node.stop();
    },
  };
}

export function rawEvent(bytes = 0): RawEvent {
  const id = randomUUID();
  const data = { n: 1, text: 'x'.repeat(bytes) };
  const meta = { command_id: id, correlation_id: 'corr', causation_id: 'cause', schema_version: '1' };
  return { id, type: 'thing.happened', data: JSON.stringify(data), meta: JSON.stringify(meta) };
}

export const rawEvents = (count: number): RawEvent[] => Array.from({ length: count }, () => rawEvent());

export const newStream = (category = 'workspace'): string => `${category}-${randomUUID()}`;

export async function readAll(log: LogAdapter, stream: string): Promise<StoredRawEvent[]> {
  const all: StoredRawEvent[] = [];
  for await (const batch of log.read(stream, {})) {
    all.push(...batch);
  }
  return all;
}

export interface Reading {
  readonly ids: readonly string[];
  readonly caughtUp: readonly bigint[];
  /** Pulls until this many events have come. */
  events(count: number): Promise<void>;
  /** Pulls until one `caughtUp` more has come. */
  toCaughtUp(): Promise<bigint>;
  next(): Promise<IteratorResult<RawDelivery, void>>;
  end(): Promise<void>;
}

/** A subscriber that pulls only when a test says so. */
export function reading(log: LogAdapter, options: Partial<SubscribeOptions> = {}): Reading {
  const ids: string[] = [];
  const caughtUp: bigint[] = [];
  const signal = AbortSignal.timeout(15_000);
  const iterator = log.subscribe({ after: 0n, signal, ...options })[Symbol.asyncIterator]();
  async function next() {
    const result = await iterator.next();
    if (result.done) {
      if (signal.aborted) {
        throw new Error('waited 15 s for a delivery');
      }
    } else if (result.value.kind === 'events') {
      ids.push(...result.value.events.map((event) => event.id));
    } else {
      caughtUp.push(result.value.position);
    }
    return result as IteratorResult<RawDelivery, void>;
  }
  return {
    ids,
    caughtUp,
    next,
    events: async (count) => {
      while (ids.length < count && !(await next()).done) {
        // Pulled.
      }
    },
    toCaughtUp: async () => {
      const before = caughtUp.length;
      while (caughtUp.length === before && !(await next()).done) {
        // Pulled.
      }
      return caughtUp.at(-1) ?? -1n;
    },
    end: async () => {
      await iterator.return?.();
    },
  };
}

export const ids = (events: readonly { readonly id: string }[]): string[] => events.map((event) => event.id);

/** The error that a promise rejects with. */
export async function failure(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise;
  } catch (error) {
    return error as Error;
  }
  throw new Error('did not fail');
}
