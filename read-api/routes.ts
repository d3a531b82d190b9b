// SPDX-License-Identifier: Apache-2.0
import type { Route } from '../http/index.js';
import type { Clock } from '../kernel/index.js';
import { agentQueries } from './agent.js';
import type { LoadHealth } from './agent-health.js';
import { certificateQueries } from './certificate.js';
import { changeQueries } from './change.js';
import { invitationQueries } from './invitation.js';
import { memberQueries } from './member.js';
import { organizationQueries } from './organization.js';
import { type ScopeDeps, scope } from './scope.js';
import { upstreamQueries } from './upstream.js';
import { virtualHostQueries } from './virtual-host.js';
import { workspaceQueries } from './workspace.js';

export interface ReadApiDeps extends ScopeDeps {
  readonly health: LoadHealth;
  readonly clock: Clock;
  /** The address of a user, from the vault; undefined once it is gone. */
  readonly addressOf: (userId: string) => Promise<string | undefined>;
  /** The address that an invitation is for. */
  readonly invitedAddress: (invitationId: string) => Promise<string | undefined>;
}

/** Every query route. */
export function queryRoutes(deps: ReadApiDeps): Route[] {
  const scoped = scope(deps);
  return [
    ...organizationQueries(scoped),
    ...memberQueries(scoped, deps),
    ...invitationQueries(scoped, deps),
    ...workspaceQueries(scoped),
    ...agentQueries(scoped, deps.health),
    ...upstreamQueries(scoped),
    ...virtualHostQueries(scoped),
    ...certificateQueries(scoped, deps.clock),
    ...changeQueries(scoped),
  ];
}
