// SPDX-License-Identifier: Apache-2.0
import type { Route } from '../http/index.js';
import type { Clock } from '../kernel/index.js';
import type { LogReader, MetricsReader } from '../telemetry/index.js';
import { accessLogQueries } from './access-log.js';
import { agentQueries } from './agent.js';
import type { LoadHealth } from './agent-health.js';
import { type AuditDeps, auditQueries } from './audit/index.js';
import { certificateQueries } from './certificate.js';
import { changeQueries } from './change.js';
import { eventQueries } from './event.js';
import { agentConfigQueries } from './history/agent-config.js';
import { historyQueries } from './history/history.js';
import { peopleHistoryQueries } from './history/people.js';
import { requestQueries } from './history/request.js';
import { type PastScopeDeps, pastScope } from './history/scope.js';
import { versionQueries } from './history/version.js';
import { invitationQueries } from './invitation.js';
import { memberQueries } from './member.js';
import { metricsQueries } from './metrics.js';
import { operationQueries } from './operation.js';
import { organizationQueries } from './organization.js';
import { scope } from './scope.js';
import { upstreamQueries } from './upstream.js';
import { virtualHostQueries } from './virtual-host.js';
import { workspaceQueries } from './workspace.js';

export interface ReadApiDeps extends PastScopeDeps {
  readonly health: LoadHealth;
  readonly clock: Clock;
  /** The address of a user, from the vault; undefined once it is gone. */
  readonly addressOf: (userId: string) => Promise<string | undefined>;
  /** The address that an invitation is for. */
  readonly invitedAddress: (invitationId: string) => Promise<string | undefined>;
  readonly metrics: MetricsReader;
  readonly accessLogs: LogReader;
  readonly audit: AuditDeps;
}

/** Every query route. */
export function queryRoutes(deps: ReadApiDeps): Route[] {
  const scoped = scope(deps);
  const past = pastScope(deps);
  return [
    ...organizationQueries(scoped, past),
    ...memberQueries(scoped, past, deps),
    ...invitationQueries(scoped, past, deps),
    ...workspaceQueries(scoped, past),
    ...agentQueries(scoped, past, deps.health),
    ...upstreamQueries(scoped, past),
    ...virtualHostQueries(scoped, past),
    ...certificateQueries(scoped, past, deps.clock),
    ...changeQueries(scoped),
    ...metricsQueries(scoped, deps),
    ...accessLogQueries(scoped, deps),
    ...auditQueries(scoped, deps.audit),
    ...historyQueries(past),
    ...peopleHistoryQueries(past),
    ...versionQueries(deps, past),
    ...agentConfigQueries(deps, past),
    ...requestQueries(deps, scoped),
    ...operationQueries(scoped),
    ...eventQueries(scoped),
  ];
}
