// SPDX-License-Identifier: Apache-2.0
import type { Route, SocketRoute } from '../../http/index.js';
import type { FeedDeps } from './deps.js';
import { startFeed } from './feed.js';
import { eventSocket } from './socket.js';
import { streamRoute } from './stream.js';
import { createTickets } from './tickets.js';

export type { FeedDeps, FeedLimits, FeedLog, ReloadPrincipal } from './deps.js';
export { ticketRoutes } from './routes.js';

/** Live events as a part of a process: their routes, their socket, and their end. */
export interface LiveEvents {
  readonly routes: readonly Route[];
  readonly sockets: readonly SocketRoute[];
  /** Why no events come; empty when all is well. */
  trouble(): string;
  /** How many read. */
  readers(): number;
  /** Sends everybody away; before the server closes. */
  drain(): void;
  stop(): Promise<void>;
}

export async function liveEvents(deps: FeedDeps): Promise<LiveEvents> {
  const tickets = await createTickets(deps);
  const feed = await startFeed(deps);
  return {
    routes: [streamRoute({ ...deps, feed })],
    sockets: [eventSocket({ ...deps, feed, tickets })],
    trouble: feed.trouble,
    readers: feed.readers,
    drain: feed.drain,
    stop: feed.stop,
  };
}
