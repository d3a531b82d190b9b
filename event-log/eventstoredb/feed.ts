// SPDX-License-Identifier: Apache-2.0
import {
  type AllStreamResolvedEvent,
  type RecordedEvent,
  START,
  streamNameFilter,
} from '@eventstore/db-client';
import { notifier } from '../../kernel/index.js';
import type { Connection } from './connection.js';

/** Events that are kept ready before the server is made to wait; they may be large. */
const AHEAD = 128;
/** Checkpoints come every so many times 32 events that the server has looked at. */
const CHECKPOINT_EVERY = 1;

/** One subscription at the server, to be pulled from. */
export interface Feed {
  /** What is there; empty when all has been taken. */
  take(): RecordedEvent[];
  /** The server has looked at everything up to here. Counts only when all before it has been taken. */
  checkpoint(): bigint | undefined;
  /** True once each time the server says that it has reached the end. Counts as above. */
  caughtUp(): boolean;
  /** Why nothing more comes, if so. */
  failure(): unknown;
  /** Resolves at the next change; to be asked for before looking. */
  changed(): Promise<void>;
  stop(): void;
}

/** `after` is exclusive. */
export function openFeed(connection: Connection, after: bigint, prefixes: string[]): Feed {
  const changed = notifier();
  let waiting: RecordedEvent[] = [];
  let reached = false;
  let checkpoint: bigint | undefined;
  let failure: unknown;
  const subscription = connection.client.subscribeToAll({
    ...connection.options,
    fromPosition: after === 0n ? START : { commit: after, prepare: after },
    filter: streamNameFilter({
      prefixes,
      checkpointInterval: CHECKPOINT_EVERY,
      checkpointReached: (_subscription, position) => {
        checkpoint = position.commit;
        changed.notify();
      },
    }),
  });
  const failed = (error: unknown): void => {
    failure ??= error;
    changed.notify();
  };
  subscription.on('data', ({ event }: AllStreamResolvedEvent) => {
    if (event && waiting.push(event) === 1) {
      changed.notify();
    }
    if (waiting.length >= AHEAD) {
      subscription.pause();
    }
  });
  subscription.on('caughtUp', () => {
    reached = true;
    changed.notify();
  });
  // These listeners stay: an error without one ends the process.
  subscription.on('error', failed);
  subscription.on('end', () => failed(new Error('the server ended the subscription')));
  subscription.on('close', () => failed(new Error('the subscription was closed')));

  /** What the client tells of in between, it tells ahead of the events that it still holds. */
  const drained = (): boolean => waiting.length === 0 && subscription.readableLength === 0;

  return {
    take: () => {
      const taken = waiting;
      waiting = [];
      if (subscription.isPaused()) {
        subscription.resume();
      }
      return taken;
    },
    checkpoint: () => {
      const position = drained() ? checkpoint : undefined;
      checkpoint = drained() ? undefined : checkpoint;
      return position;
    },
    caughtUp: () => {
      const now = reached && drained();
      reached &&= !now;
      return now;
    },
    failure: () => failure,
    changed: () => changed.wait(),
    stop: () => {
      subscription.unsubscribe().catch(() => undefined);
      subscription.destroy();
    },
  };
}
