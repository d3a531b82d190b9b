// SPDX-License-Identifier: Apache-2.0
import { invitedAddress } from '../../commands/index.js';
import { agentHealth, queryRoutes } from '../../read-api/index.js';
import type { Context } from '../context.js';
import type { Part } from './part.js';

/** Everything that is read. */
export async function readApiRole({
  reader,
  passed,
  readStore,
  clock,
  users,
  vault,
}: Context): Promise<Part> {
  return {
    routes: queryRoutes({
      reader,
      passed,
      health: agentHealth(readStore),
      clock,
      addressOf: users.addressOf,
      invitedAddress: (id) => invitedAddress(vault, id),
    }),
    close: async () => {},
  };
}
