// SPDX-License-Identifier: Apache-2.0
import { status } from '@grpc/grpc-js';
import type { Clock, Timers } from '../kernel/index.js';
import type { GatewayLog } from './deps.js';
import type { Session } from './session.js';

const CHECK_MS = 1_000;

/** The sessions of this gateway, one for each agent: the newest wins. */
export interface Sessions {
  /** Runs a session to its end. */
  hold(session: Session): Promise<void>;
  get(agentId: string): Session | undefined;
  /** Ends all, and resolves when they have ended. */
  close(): Promise<void>;
}

export function sessions(
  { clock, timers, logger }: { clock: Clock; timers: Timers; logger: GatewayLog },
  hooks: {
    /** Before a session begins, so that what the log has of an earlier one can be put right. */
    before(session: Session): void;
    /** After it has greeted its agent. */
    begun(session: Session): void;
  },
  checkMs = CHECK_MS,
): Sessions {
  const open = new Map<string, Session>();
  const running = new Set<Promise<void>>();
  let closed = false;
  let checked = clock.monotonic();
  const stop = timers.every(checkMs, () => {
    const late = clock.monotonic() - checked > 3 * checkMs;
    checked = clock.monotonic();
    // After a pause of our own, what the agents said meanwhile has not been read yet.
    if (late) {
      return;
    }
    for (const session of open.values()) {
      session.check();
    }
  });
  return {
    hold: async (session) => {
      const { agentId } = session.agent;
      if (closed) {
        session.end('gateway_restarted', status.UNAVAILABLE, 'The gateway stops');
      }
      const before = open.get(agentId);
      if (before) {
        logger.warn({ agent_id: agentId }, 'a newer stream of an agent replaces its open one');
      }
      before?.end('superseded', status.ABORTED, 'A newer stream of this agent was opened');
      open.set(agentId, session);
      hooks.before(session);
      const run = session.run();
      hooks.begun(session);
      running.add(run);
      try {
        await run;
      } finally {
        running.delete(run);
        if (open.get(agentId) === session) {
          open.delete(agentId);
        }
      }
    },
    get: (agentId) => open.get(agentId),
    close: async () => {
      closed = true;
      stop();
      for (const session of open.values()) {
        session.end('gateway_restarted', status.UNAVAILABLE, 'The gateway stops');
      }
      await Promise.allSettled(running);
    },
  };
}
