// SPDX-License-Identifier: Apache-2.0
import type { Timers } from '../kernel/index.js';

/** As many messages may wait for a slow reader before nothing more is taken from it. */
const ROOM = 32;

/** Messages to one agent, written one after the other as it reads them. */
export interface Outbox {
  send(message: Buffer): void;
  /** Resolves when few messages wait: whoever answers an agent waits for this before it takes the next message. */
  room(): Promise<void>;
  /** Whether all of it has left for the network. */
  empty(): boolean;
  /** Drops what waits. Calls `left` when what is on its way has left for the network, at once when nothing is. */
  close(left?: () => void): void;
}

interface OutboxDeps {
  readonly timers: Timers;
  /** Calls `done` when the message has left for the network. */
  write(message: Buffer, done: () => void): void;
  /** The reader has taken nothing for `stallMs`. */
  stalled(): void;
}

/**
 * Bounded by what puts into it: one configuration at a time, commands up to a limit, and answers only while there is
 * room.
 */
export function outbox(deps: OutboxDeps, stallMs: number): Outbox {
  const waiting: Buffer[] = [];
  let writing = false;
  let closed = false;
  let cancel = (): void => {};
  let resume: (() => void)[] = [];
  let closing = (): void => {};

  const release = (): void => {
    const ready = resume;
    resume = [];
    for (const wake of ready) {
      wake();
    }
  };
  const next = (): void => {
    const message = closed ? undefined : waiting.shift();
    writing = message !== undefined;
    if (waiting.length < ROOM) {
      release();
    }
    if (closed) {
      closing();
      closing = () => {};
    } else if (message) {
      cancel = deps.timers.after(stallMs, () => deps.stalled());
      deps.write(message, () => {
        cancel();
        next();
      });
    }
  };
  return {
    send: (message) => {
      if (closed) {
        return;
      }
      waiting.push(message);
      if (!writing) {
        next();
      }
    },
    room: () =>
      closed || waiting.length < ROOM
        ? Promise.resolve()
        : new Promise((resolve) => {
            resume.push(resolve);
          }),
    empty: () => !writing,
    close: (left = () => {}) => {
      closed = true;
      waiting.length = 0;
      cancel();
      release();
      if (writing) {
        closing = left;
      } else {
        left();
      }
    },
  };
}
