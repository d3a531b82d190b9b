// SPDX-License-Identifier: Apache-2.0
import { makeToken } from '../../agent-gateway/index.js';
import { writeRoutes } from '../../commands/index.js';
import { loginLimiter } from '../../http/index.js';
import { Secret } from '../../kernel/index.js';
import { lastOf } from '../../projections/index.js';
import { agentHealth, scope, shownAgent, ticketRoutes } from '../../read-api/index.js';
import { commandResults } from '../command-result.js';
import type { Context } from '../context.js';
import { organizationOf } from '../locate.js';
import type { Part } from './part.js';

/** Everything that changes something. */
export async function commandsRole(context: Context): Promise<Part> {
  const {
    handlers,
    locate,
    passed,
    clock,
    random,
    timers,
    people,
    keys,
    access,
    events,
    vault,
    settings,
    reader,
    configs,
  } = context;
  const routes = writeRoutes({
    handlers,
    locate,
    passed,
    vault,
    clock,
    random,
    ...people,
    principalOf: (userId) => {
      const rights = access.rights(userId);
      return rights && { kind: 'user', id: userId, ...rights };
    },
    personal: keys.personal,
    apiKeySecret: keys.apiKeySecret,
    keysOf: access.keysOf,
    rotateSigningKey: keys.signing.rotate,
    limiter: loginLimiter({ clock, ...settings.authLimit }),
    tokenSecret: keys.tokenSecret,
    makeToken: (agentId, secret) => new Secret(makeToken(agentId, secret.reveal(), keys.authoritySha256)),
    commandResult: commandResults(events, timers),
    shownAgent: shownAgent(scope({ reader, passed }), agentHealth(context.readStore)),
    log: events,
    configs,
    lastOf: lastOf(reader),
  });
  const tickets = await ticketRoutes({
    store: context.readStore,
    clock,
    random,
    organizationOf: organizationOf(context),
    allowedOrigins: settings.corsOrigins,
  });
  return { routes: [...routes, ...tickets], close: async () => {} };
}
