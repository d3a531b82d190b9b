// SPDX-License-Identifier: Apache-2.0
import { invitedAddress } from '../../commands/index.js';
import { timestamp } from '../../kernel/index.js';
import { directory, past } from '../../projections/index.js';
import { agentHealth, jwksQueries, queryRoutes, signInQueries, userQueries } from '../../read-api/index.js';
import { checkpointsOf } from '../audit-signing.js';
import type { Context } from '../context.js';
import { supervise } from '../supervise.js';
import type { Part } from './part.js';

const FRESH_MS = 2_000;

/** Everything that is read. */
export async function readApiRole(context: Context): Promise<Part> {
  const { reader, passed, readStore, clock, timers, log, events, keys, access, keyUse, persons, vault } =
    context;
  const people = directory({ log: events, clock, timers, profile: keys.personal.profile });
  const stopping = new AbortController();
  const following = supervise('directory', (signal) => people.follow(signal), {
    timers,
    log,
    signal: stopping.signal,
  });
  return {
    routes: [
      ...queryRoutes({
        reader,
        passed,
        health: agentHealth(readStore),
        clock,
        addressOf: context.people.identity.addressOf,
        invitedAddress: (id) => invitedAddress(vault, id),
        past: past(events),
        audit: {
          openAddress: persons.open,
          checkpoints: (chain) => checkpointsOf(events, chain),
          signer: keys.audit,
          now: () => timestamp(clock.now()),
        },
      }),
      ...userQueries({ directory: people }),
      ...signInQueries({
        clock,
        sessionsOf: access.sessionsOf,
        keysOf: access.keysOf,
        key: access.key,
        client: keys.personal.client,
        lastUses: keyUse.last,
        fresh: () => access.fresh(FRESH_MS),
      }),
      ...jwksQueries({ jwks: keys.signing.published }),
    ],
    close: async () => {
      stopping.abort();
      await following;
    },
  };
}
