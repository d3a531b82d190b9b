// SPDX-License-Identifier: Apache-2.0
import { invitedAddress, type Profile } from '../../commands/index.js';
import { Unavailable } from '../../event-log/index.js';
import { timestamp } from '../../kernel/index.js';
import { directory, past } from '../../projections/index.js';
import {
  agentHealth,
  jwksQueries,
  type LiveEvents,
  liveEvents,
  queryRoutes,
  signInQueries,
  userQueries,
} from '../../read-api/index.js';
import { logReader, metricsReader } from '../../telemetry/index.js';
import { VaultTampered } from '../../vault/index.js';
import { checkpointsOf } from '../audit-signing.js';
import type { Context } from '../context.js';
import { organizationOf } from '../locate.js';
import { reloader } from '../reload.js';
import { supervise } from '../supervise.js';
import type { Part } from './part.js';

const FRESH_MS = 2_000;

/** Everything that is read. */
export async function readApiRole(context: Context): Promise<Part> {
  const {
    reader,
    passed,
    readStore,
    telemetryStore,
    clock,
    timers,
    log,
    events,
    keys,
    access,
    keyUse,
    persons,
    vault,
  } = context;
  /** Of a record that does not open there is nobody to show; the others are shown. */
  const profile = async (userId: string): Promise<Profile | undefined> => {
    try {
      return await keys.personal.profile(userId);
    } catch (error) {
      if (!(error instanceof VaultTampered)) {
        throw error;
      }
      log.error({ user_id: userId, error: error.message }, 'a user is left out of the list');
      return undefined;
    }
  };
  const people = directory({ log: events, clock, timers, profile });
  const stopping = new AbortController();
  const following = supervise('directory', (signal) => people.follow(signal), {
    timers,
    log,
    signal: stopping.signal,
  });
  const live = await feedOf(context);
  const history = past({ log: events, clock, configs: context.configs });
  return {
    routes: [
      ...live.routes,
      ...queryRoutes({
        reader,
        passed,
        health: agentHealth(readStore),
        clock,
        addressOf: context.people.identity.addressOf,
        invitedAddress: (id) => invitedAddress(vault, id),
        metrics: metricsReader(telemetryStore),
        accessLogs: logReader(telemetryStore, () => timers.sleep(0)),
        past: history,
        audit: {
          openAddress: persons.open,
          checkpoints: (chain) => checkpointsOf(events, chain),
          signer: keys.audit,
          now: () => timestamp(clock.now()),
        },
      }),
      ...userQueries({ directory: people }),
      ...signInQueries({
        reader,
        passed,
        past: history,
        clock,
        sessionsOf: access.sessionsOf,
        keySpansOf: access.keySpansOf,
        keySpan: access.keySpan,
        client: keys.personal.client,
        lastUses: keyUse.last,
        fresh: () => access.fresh(FRESH_MS),
      }),
      ...jwksQueries({ jwks: keys.signing.published }),
    ],
    sockets: live.sockets,
    notReady: async () => (live.trouble() === '' ? '' : 'live events do not follow the log'),
    components: async () => ({ event_bus: live.trouble() === '' ? 'healthy' : 'degraded' }),
    drain: live.drain,
    close: async () => {
      stopping.abort();
      await live.stop();
      await following;
    },
  };
}

const feedOf = (context: Context): Promise<LiveEvents> => {
  const { events, clock, timers, random, log, readStore, access, settings } = context;
  return liveEvents({
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
};
