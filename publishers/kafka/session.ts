// SPDX-License-Identifier: Apache-2.0
import { type EventLog, UnknownEvent } from '../../event-log/index.js';
import type { Position } from '../../kernel/index.js';
import { type HeldLease, holdLease, type LeaseDeps } from '../../read-store/index.js';
import { publishedTypes } from '../../schemas/index.js';
import { within } from '../within.js';
import { batches } from './batches.js';
import { connectKafka, type KafkaClient } from './client.js';
import { deliver } from './deliver.js';
import { toMessage } from './envelope.js';
import { Outrun } from './errors.js';
import { type CheckedSettings, checkpointName } from './settings.js';
import type { Tally } from './tally.js';

export interface SessionDeps extends LeaseDeps {
  readonly log: EventLog;
}

export interface SessionOptions {
  /** Runs before the first event: a replay makes its beginning here. Gives the checkpoint to start from. */
  readonly begin?: (client: KafkaClient, lease: HeldLease) => Promise<Position>;
  /** Ends the session when everything up to here is acknowledged; left out: goes on live. */
  readonly until?: Position;
}

/** `idle`: another owner has it. `done`: as far as it was to go. `again`: the lease or the checkpoint went elsewhere. */
export type Ended = 'idle' | 'done' | 'again';

/** A checkpoint that moved without a message is stored at most this often. */
const SAVE_EVERY_MS = 1_000;
/** What is under way when we are told to stop gets this long to be acknowledged. */
const STOP_MS = 5_000;

/** Publishes from taking the lease to giving it back. Throws what the log, the store and the client throw. */
export async function runSession(
  deps: SessionDeps,
  settings: CheckedSettings,
  tally: Tally,
  signal: AbortSignal,
  options: SessionOptions = {},
): Promise<Ended> {
  const name = checkpointName(settings);
  const lease = await holdLease(deps, name);
  if (!lease) {
    tally.update({ state: 'standby', position: await deps.store.checkpoint(name) });
    return 'idle';
  }
  const either = AbortSignal.any([signal, lease.lost]);
  try {
    const client = await connectKafka(deps, settings, either);
    try {
      return await follow({ deps, settings, tally, lease, client, options }, either);
    } finally {
      await client.close();
    }
  } catch (error) {
    if (error instanceof Outrun) {
      return 'again';
    }
    throw error;
  } finally {
    await lease.release();
  }
}

interface Held {
  readonly deps: SessionDeps;
  readonly settings: CheckedSettings;
  readonly tally: Tally;
  readonly lease: HeldLease;
  readonly client: KafkaClient;
  readonly options: SessionOptions;
}

async function follow(held: Held, signal: AbortSignal): Promise<Ended> {
  const { deps, settings, tally, lease, client, options } = held;
  const { log, store, clock, timers } = deps;
  const name = checkpointName(settings);
  const { until } = options;
  let stored = options.begin ? await options.begin(client, lease) : await store.checkpoint(name);
  let savedAt = clock.monotonic();
  /** The brokers have everything up to here. */
  let reached = stored;
  tally.update({ state: 'catching-up', position: stored });

  async function save(): Promise<void> {
    const to = reached;
    if (to === stored) {
      return;
    }
    const commit = { projection: name, from: stored, to, ops: [], epoch: lease.epoch };
    if (!lease.held() || !(await store.commit(commit)).ok) {
      throw new Outrun();
    }
    stored = to;
    savedAt = clock.monotonic();
  }

  const line = batches(settings, async (messages, to) => {
    if (!lease.held()) {
      throw new Outrun();
    }
    tally.sent(messages.length, await deliver(client, settings, messages));
    reached = to;
    tally.update({ state: tally.get().state, position: to });
    await save();
  });

  /** Everything up to here has been handed over; true when that was as far as to go. */
  async function settle(position: Position): Promise<boolean> {
    await line.settled();
    reached = position;
    tally.update({ state: 'live', position });
    const done = until !== undefined && position >= until;
    if (done || clock.monotonic() - savedAt >= SAVE_EVERY_MS) {
      await save();
    }
    return done;
  }

  try {
    for await (const delivery of log.subscribe({ after: stored, types: publishedTypes, signal })) {
      const beyond = until !== undefined && delivery.kind === 'event' && delivery.event.position > until;
      if (delivery.kind === 'event' && !beyond) {
        await line.take(toMessage(delivery.event, settings.source), delivery.event.position);
      } else if (await settle(delivery.kind === 'event' ? (until ?? 0n) : delivery.position)) {
        return 'done';
      }
    }
    // Told to stop: what is on its way may still be acknowledged; what is not is read again next time.
    await within(timers, STOP_MS, line.sent());
    await save();
    return 'again';
  } catch (error) {
    if (error instanceof UnknownEvent) {
      // What came before it is still to be sent.
      await line.settled();
    }
    throw error;
  }
}
