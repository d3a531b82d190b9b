// SPDX-License-Identifier: Apache-2.0
import { setMaxListeners } from 'node:events';
/**
 * Keeps read models up to date with the log: one ordered loop a projection, each owned by one process at a time.
 * Documents and checkpoint move in one write, so that a crash at any point neither loses an event nor counts it twice.
 */
import { type EventLog, Unavailable } from '../event-log/index.js';
import { type Clock, errorMessage, type Position, type Random, type Timers } from '../kernel/index.js';
import { type ReadStore, StoreUnavailable, UnknownCollection } from '../read-store/index.js';
import { progressBoard, type State } from './progress.js';
import { type Projection, versionName } from './projection.js';
import { type Ended, runSession, type SessionDeps } from './session.js';

export interface RunnerDeps {
  readonly log: EventLog;
  readonly store: ReadStore;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  /** Names this process among all that share the store; another one at each start. */
  readonly owner: string;
  /** Told when a read model stops and only a person can help. */
  readonly stopped?: (name: string, error: string) => void;
}

export interface RunnerOptions {
  readonly leaseTtlMs?: number;
  /** Events a commit, 1,000 when left out. */
  readonly batchSize?: number;
  /**
   * How often a checkpoint is stored that moved without documents; 1,000 ms when left out. Other processes that wait
   * for a position see only what is stored: where there are such, 0.
   */
  readonly saveEveryMs?: number;
}

interface ProjectionStatus {
  readonly name: string;
  readonly version: number;
  readonly state: State;
  readonly position: Position;
  /** How far behind the log's head, in positions: 0 when everything is in. */
  readonly lag: bigint;
  /** Events put aside because they could not be projected. */
  readonly parked: number;
  readonly error?: string;
}

export interface Runner {
  /** True once readers see everything up to the position; false when that takes too long or cannot happen. */
  passed(position: Position, withinMs: number): Promise<boolean>;
  status(): Promise<readonly ProjectionStatus[]>;
  /** Ends the loops and gives the leases back; what was read and not yet written is read again at the next start. */
  stop(): Promise<void>;
}

const FIRST_RETRY_MS = 100;
/** What waits for a store that is back goes on soon after: asking it is cheap. */
const LAST_RETRY_MS = 2_000;

/** What may be over when asked again; a collection goes missing when a newer version drops ours under our feet. */
const PASSING = [Unavailable, StoreUnavailable, UnknownCollection];

/** Starts at once. */
export function projectionRunner(
  deps: RunnerDeps,
  projections: readonly Projection[],
  options: RunnerOptions = {},
): Runner {
  const { timers, random } = deps;
  const leaseTtlMs = options.leaseTtlMs ?? 15_000;
  const board = progressBoard(timers, projections.map(versionName));
  const session: SessionDeps = {
    ...deps,
    board,
    leaseTtlMs,
    batchSize: options.batchSize ?? 1_000,
    saveEveryMs: options.saveEveryMs ?? 1_000,
  };
  const stopping = new AbortController();
  // Every read model listens.
  setMaxListeners(0, stopping.signal);
  const { signal } = stopping;

  /** How long to wait before the next session; undefined when there is to be none. */
  async function attempt(projection: Projection, failures: number): Promise<number | undefined> {
    const name = versionName(projection);
    try {
      const ended: Ended = await runSession(session, projection, signal);
      if (ended === 'poisoned') {
        deps.stopped?.(name, board.get(name).error ?? '');
      }
      return ended === 'poisoned' ? undefined : ended === 'idle' ? leaseTtlMs / 3 : 0;
    } catch (error) {
      const passing = PASSING.some((kind) => error instanceof kind);
      board.update(name, { state: passing ? 'waiting' : 'stopped', error: errorMessage(error) });
      if (!passing) {
        deps.stopped?.(name, errorMessage(error));
      }
      const delay = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(failures, 20));
      return passing ? delay * (0.5 + random.fraction() / 2) : undefined;
    }
  }

  async function own(projection: Projection): Promise<void> {
    const name = versionName(projection);
    let failures = 0;
    let reached = 0n;
    while (!signal.aborted) {
      const delay = await attempt(projection, failures);
      if (delay === undefined) {
        return;
      }
      const { state, position } = board.get(name);
      failures = state === 'waiting' && position === reached ? failures + 1 : 0;
      reached = position;
      await timers.sleep(delay, signal).catch(() => {});
    }
  }

  const loops = projections.map(own);

  return {
    passed: (position, withinMs) => board.passed(position, withinMs),
    status: async () => {
      const head = await deps.log.head();
      return projections.map((projection) => {
        const progress = board.get(versionName(projection));
        const lag = head > progress.position ? head - progress.position : 0n;
        return { name: projection.name, version: projection.version, lag, ...progress };
      });
    },
    stop: async () => {
      stopping.abort();
      await Promise.all(loops);
    },
  };
}
