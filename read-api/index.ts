// SPDX-License-Identifier: Apache-2.0

export { shownAgent } from './agent.js';
export { agentHealth, type HealthDoc, type LoadHealth } from './agent-health.js';
export type { AuditDeps, AuditSigner } from './audit/index.js';
export { type FeedDeps, type LiveEvents, liveEvents, ticketRoutes } from './feed/index.js';
export { jwksQueries } from './jwks.js';
export { probes, type Ready } from './probes.js';
export { queryRoutes, type ReadApiDeps } from './routes.js';
export { type InWorkspace, listAnswer, type Scope, type ScopeDeps, type Scoped, scope } from './scope.js';
export { type SignInQueryDeps, signInQueries } from './sign-ins.js';
export { type MetricsAccess, metricsRoute, type Status, statusRoute } from './status.js';
export { type UserQueryDeps, userQueries } from './users.js';
