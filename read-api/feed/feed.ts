// SPDX-License-Identifier: Apache-2.0
import type { Principal } from '../../http/index.js';
import { type Connection, createConnection } from './connection.js';
import { defaultLimits, type FeedDeps, type FeedLimits } from './deps.js';
import type { Ending } from './endings.js';
import { startHub } from './hub.js';
import type { Sink } from './subscriber.js';
import { watch } from './watch.js';

/** The live events of one process, whatever way they go out. */
export interface Feed {
  readonly limits: FeedLimits;
  /** Opens a subscriber, or says why not. `close` must be called when it has gone. */
  open(
    principal: Principal,
    boundTo: string | undefined,
    sink: Sink,
  ): { readonly connection: Connection; close(): void } | Ending;
  /** Why no events come; empty when all is well. */
  trouble(): string;
  readers(): number;
  /** Sends everybody away, so that the server can close. */
  drain(): void;
  stop(): Promise<void>;
}

export async function startFeed(deps: FeedDeps): Promise<Feed> {
  const limits = { ...defaultLimits, ...deps.limits };
  const hub = await startHub(deps, limits);
  const connections = new Set<Connection>();
  const perPrincipal = new Map<string, number>();
  const stopWatch = watch(deps, limits, connections);
  let draining = false;

  const count = (key: string, by: number): void => {
    const now = (perPrincipal.get(key) ?? 0) + by;
    if (now === 0) {
      perPrincipal.delete(key);
    } else {
      perPrincipal.set(key, now);
    }
  };

  return {
    limits,
    open: (principal, boundTo, sink) => {
      const key = `${principal.kind} ${principal.id}`;
      if (draining) {
        return 'stopping';
      }
      if (connections.size >= limits.perProcess || (perPrincipal.get(key) ?? 0) >= limits.perPrincipal) {
        return 'too-many';
      }
      const connection = createConnection({ ...deps, hub, feedLimits: limits }, principal, boundTo, sink);
      count(key, 1);
      connections.add(connection);
      hub.listeners.add(connection.subscriber);
      return {
        connection,
        close: () => {
          if (connections.delete(connection)) {
            count(key, -1);
            hub.listeners.delete(connection.subscriber);
          }
        },
      };
    },
    trouble: () => hub.trouble,
    readers: () => connections.size,
    drain: () => {
      draining = true;
      for (const { subscriber } of connections) {
        subscriber.end('stopping');
      }
    },
    stop: async () => {
      stopWatch();
      await hub.stop();
    },
  };
}
