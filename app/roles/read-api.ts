// SPDX-License-Identifier: Apache-2.0
import { Unavailable } from '../../event-log/index.js';
import { timestamp } from '../../kernel/index.js';
import { past } from '../../projections/index.js';
import { agentHealth, liveEvents, queryRoutes } from '../../read-api/index.js';
import { checkpointsOf } from '../audit-signing.js';
import type { Context } from '../context.js';
import { organizationOf } from '../locate.js';
import { reloader } from '../reload.js';
import type { Part } from './part.js';

/** Everything that is read. */
export async function readApiRole(context: Context): Promise<Part> {
  const { reader, passed, readStore, clock, timers, random, events, keys, persons, log } = context;
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
    reload: reloader(context.access, clock),
    changed: () => context.access.changed(),
    organizationOf: organizationOf(context),
    allowedOrigins: context.settings.corsOrigins,
  });
  const queries = queryRoutes({
    reader,
    passed,
    health: agentHealth(readStore),
    clock,
    past: past(events),
    audit: {
      openAddress: persons.open,
      checkpoints: (chain) => checkpointsOf(events, chain),
      signer: keys.audit,
      now: () => timestamp(clock.now()),
    },
  });
  return {
    routes: [...queries, ...live.routes],
    sockets: live.sockets,
    notReady: async () => (live.trouble() === '' ? '' : 'live events do not follow the log'),
    components: async () => ({ event_bus: live.trouble() === '' ? 'healthy' : 'degraded' }),
    drain: live.drain,
    close: live.stop,
  };
}
