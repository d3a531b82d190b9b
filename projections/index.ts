export type { AgentDoc, Refusal, VersionAt } from './agents.js';
export { type DeliveryDoc, touches, type VersionDoc, versionId } from './changes.js';
export { runDesiredConfig, type WorkflowDeps } from './desired-config/workflow.js';
export { type Models, readModels } from './models.js';
export type { OrganizationDoc } from './organizations.js';
export type { State } from './progress.js';
export type { Key, Load, Projection } from './projection.js';
export { type Page, type Reader, reader } from './reader.js';
export {
  type ProjectionStatus,
  projectionRunner,
  type Runner,
  type RunnerDeps,
  type RunnerOptions,
} from './runner.js';
export type { UpstreamDoc } from './upstreams.js';
export type { VirtualHostDoc } from './virtual-hosts.js';
export type { WorkspaceDoc } from './workspaces.js';
