// SPDX-License-Identifier: Apache-2.0
/**
 * Ends a server without leaving a request unanswered. Whoever closes a listening socket resets the connections that the
 * system has taken for it, and who closes an idle connection may close one on which a request has just arrived. So both
 * is done only in a turn of the event loop that follows at once upon one in which everything that had arrived was read.
 */
import type { RequestListener, Server, ServerResponse } from 'node:http';
import { Server as NetServer } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { type Clock, deferred, type Timers } from '../kernel/index.js';

/** A turn that took no longer has run next to nothing. */
const QUIET_MS = 0.3;
/** Under a load that leaves none, one of them is as good as any. */
const MOST_TURNS = 500;
/** So long connections that are at rest stay open: who sends one request after the other is told to close by its answer. */
const REST_MS = 500;
const SWEEP_MS = 50;

export interface Drain {
  readonly listener: RequestListener;
  /** Lets what runs end, and cuts off what remains after `graceMs`. */
  end(server: Server, graceMs: number): Promise<void>;
}

export function draining(listener: RequestListener, deps: { clock: Clock; timers: Timers }): Drain {
  const { clock, timers } = deps;
  const running = new Set<ServerResponse>();
  let ending = false;

  async function quietTurn(): Promise<void> {
    for (let turns = 0; turns < MOST_TURNS; turns += 1) {
      const before = clock.monotonic();
      await turn();
      if (clock.monotonic() - before < QUIET_MS) {
        return;
      }
    }
  }

  return {
    listener: (request, response) => {
      if (ending) {
        response.setHeader('Connection', 'close');
      }
      running.add(response);
      response.once('close', () => running.delete(response));
      listener(request, response);
    },
    end: async (server, graceMs) => {
      ending = true;
      for (const response of running) {
        if (!response.headersSent) {
          response.setHeader('Connection', 'close');
        }
      }
      const stopDeadline = timers.after(graceMs, () => server.closeAllConnections());
      await quietTurn();
      const closed = deferred();
      // HTTP's own `close` would close idle connections with it.
      NetServer.prototype.close.call(server, () => closed.resolve());
      let stopSweep = (): void => {};
      const stopRest = timers.after(Math.min(REST_MS, graceMs), () => {
        const sweep = (): void => void quietTurn().then(() => server.closeIdleConnections());
        sweep();
        stopSweep = timers.every(SWEEP_MS, sweep);
      });
      await closed.promise;
      stopRest();
      stopSweep();
      stopDeadline();
      // Its timer, that is; there is nothing else left to close.
      server.close();
    },
  };
}
