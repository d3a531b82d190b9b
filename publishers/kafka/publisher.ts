// SPDX-License-Identifier: Apache-2.0
/**
 * Publishes the event log to Kafka: a subscription with a checkpoint, owned by one process at a time.
 *
 * What it promises:
 *  1. Every published event of the log is in the topic at least once. An event may be there again after a failure, with
 *     the same `ce_id`; the first copies of a stream's events stand in the order of their revisions in one partition.
 *  2. The checkpoint moves when every in-sync replica has acknowledged all up to it, never before.
 *  3. What can never be sent has a note in the dead-letter topic, and the others go on.
 *  4. While brokers, log or store are away nothing is lost and nothing grows: it reads on when they are back. Every
 *     failure, passing or not by the client's own reckoning, ends the client, and the next attempt has a new one.
 */
import { type EventLog, Unavailable } from '../../event-log/index.js';
import { type Clock, errorMessage, type Position, type Random, type Timers } from '../../kernel/index.js';
import { type ReadStore, StoreUnavailable } from '../../read-store/index.js';
import { KafkaRefused, KafkaUnavailable } from './errors.js';
import { runSession, type SessionOptions } from './session.js';
import { type CheckedSettings, checkSettings, type KafkaSettings } from './settings.js';
import { type Progress, type Tally, tally } from './tally.js';

export interface PublisherDeps {
  readonly log: EventLog;
  readonly store: ReadStore;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  /** Names this process among all that share the store; another one at each start. */
  readonly owner: string;
  readonly leaseTtlMs?: number;
}

export interface PublisherStatus extends Progress {
  readonly name: string;
  readonly topic: string;
  /** How far behind the log's head, in positions: 0 when everything is published. */
  readonly lag: bigint;
}

export interface Publisher {
  status(): Promise<PublisherStatus>;
  /** Waits for what is on its way (5 s at most), stores the checkpoint, gives the lease back, disconnects. */
  stop(): Promise<void>;
}

const FIRST_RETRY_MS = 100;
/** A new client for each attempt costs the brokers something, a store that is back waits for nobody. */
const LAST_RETRY_MS = 5_000;

/** What may be over when asked again. */
const PASSING = [Unavailable, StoreUnavailable, KafkaUnavailable, KafkaRefused];

/** Starts at once. Throws `BadKafkaSettings`. */
export function kafkaPublisher(deps: PublisherDeps, given: KafkaSettings): Publisher {
  const settings = checkSettings(given);
  const progress = tally();
  const stopping = new AbortController();
  const running = publishLoop(deps, settings, progress, stopping.signal).catch(() => {});
  return {
    status: async () => {
      const head = await deps.log.head();
      const now = progress.get();
      const lag = head > now.position ? head - now.position : 0n;
      return { name: settings.name, topic: settings.topic, lag, ...now };
    },
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
}

/** Session after session until told to stop, or `done`. Rejects with what only a person can mend. */
export async function publishLoop(
  deps: PublisherDeps,
  settings: CheckedSettings,
  progress: Tally,
  signal: AbortSignal,
  options: SessionOptions = {},
): Promise<void> {
  const { timers, random } = deps;
  const leaseTtlMs = deps.leaseTtlMs ?? 15_000;
  let failures = 0;
  let reached: Position | undefined;

  async function attempt(): Promise<number | undefined> {
    try {
      const ended = await runSession({ ...deps, leaseTtlMs }, settings, progress, signal, options);
      return ended === 'done' ? undefined : ended === 'idle' ? leaseTtlMs / 3 : 0;
    } catch (error) {
      if (signal.aborted) {
        return undefined;
      }
      const passing = PASSING.some((kind) => error instanceof kind);
      const why = `${error instanceof Error ? error.name : 'Error'}: ${errorMessage(error)}`;
      progress.update({ state: passing ? 'waiting' : 'stopped', error: why });
      if (!passing) {
        throw error;
      }
      const { position } = progress.get();
      failures = position === reached ? failures + 1 : 0;
      reached = position;
      const delay = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(failures, 20));
      return delay * (0.5 + random.fraction() / 2);
    }
  }

  while (!signal.aborted) {
    const delay = await attempt();
    if (delay === undefined) {
      break;
    }
    await timers.sleep(delay, signal).catch(() => {});
  }
  progress.update({ state: 'ended' });
}
