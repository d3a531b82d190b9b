// SPDX-License-Identifier: Apache-2.0
import { Unavailable } from '../../event-log/index.js';
import { agentHealth, liveEvents, queryRoutes } from '../../read-api/index.js';
import type { Context } from '../context.js';
import { organizationOf } from '../locate.js';
import { reloader } from '../reload.js';
import type { Part } from './part.js';

/** Everything that is read. */
export async function readApiRole(context: Context): Promise<Part> {
  const { reader, passed, readStore, clock, timers, random, events, log, access, settings } = context;
  const live = await liveEvents({
    log: {
      head: () => events.head(),
      subscribe: (options) => events.subscribe(options),
      isPassing: (error) => error instanceof Unavailable,
    },
    clock,
    timers,
    random,
    logger: log,
    store: readStore,
    reload: reloader(access, clock),
    changed: () => access.changed(),
    organizationOf: organizationOf(context),
    allowedOrigins: settings.corsOrigins,
  });
  return {
    routes: [...queryRoutes({ reader, passed, health: agentHealth(readStore), clock }), ...live.routes],
    sockets: live.sockets,
    notReady: async () => (live.trouble() === '' ? '' : 'live events do not follow the log'),
    components: async () => ({ event_bus: live.trouble() === '' ? 'healthy' : 'degraded' }),
    drain: live.drain,
    close: live.stop,
  };
}
