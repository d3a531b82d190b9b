// SPDX-License-Identifier: Apache-2.0
import { makeToken } from '../../agent-gateway/index.js';
import { writeRoutes } from '../../commands/index.js';
import { keyId, loginLimiter, tokenIssuer } from '../../http/index.js';
import { Secret } from '../../kernel/index.js';
import { lastOf } from '../../projections/index.js';
import { commandResults } from '../command-result.js';
import type { Context } from '../context.js';
import { TOKENS } from '../tokens.js';
import type { Part } from './part.js';

/** Everything that changes something. */
export async function commandsRole(context: Context): Promise<Part> {
  const { handlers, locate, passed, clock, random, timers, users, keys, events, vault, settings, reader } =
    context;
  const { privateKey, publicKey } = keys.signing;
  const issue = tokenIssuer({ ...TOKENS, clock, random, privateKey, kid: keyId(publicKey) });
  const routes = writeRoutes({
    handlers,
    locate,
    passed,
    vault,
    clock,
    random,
    identity: users,
    limiter: loginLimiter({ clock, ...settings.authLimit }),
    issue: (userId) => issue({ sub: userId, sessionVersion: 1 }),
    tokenSecret: keys.tokenSecret,
    makeToken: (agentId, secret) => new Secret(makeToken(agentId, secret.reveal(), keys.authoritySha256)),
    commandResult: commandResults(events, timers),
    log: events,
    lastOf: lastOf(reader),
  });
  return { routes, close: async () => {} };
}
