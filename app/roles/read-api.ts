// SPDX-License-Identifier: Apache-2.0
import { timestamp } from '../../kernel/index.js';
import { past } from '../../projections/index.js';
import { agentHealth, queryRoutes } from '../../read-api/index.js';
import { checkpointsOf } from '../audit-signing.js';
import type { Context } from '../context.js';
import type { Part } from './part.js';

/** Everything that is read. */
export async function readApiRole(context: Context): Promise<Part> {
  const { reader, passed, readStore, clock, events, keys, persons } = context;
  return {
    routes: queryRoutes({
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
    }),
    close: async () => {},
  };
}
