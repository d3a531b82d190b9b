// SPDX-License-Identifier: Apache-2.0
export { type Access, access, type Rights } from './access/index.js';
export type { AgentDoc } from './agents.js';
export type { CertificateDoc } from './certificates.js';
export { type DeliveryDoc, touches, type VersionDoc, versionId } from './changes.js';
export { runDesiredConfig, type WorkflowDeps } from './desired-config/workflow.js';
export { type Models, readModels } from './models.js';
export type { OrganizationDoc } from './organizations.js';
export { whileOwned } from './owned.js';
export { storedPassed } from './passed.js';
export type { Projection } from './projection.js';
export { type Page, type Reader, reader } from './reader.js';
export { projectionRunner } from './runner.js';
export type { UpstreamDoc } from './upstreams.js';
export type { VirtualHostDoc } from './virtual-hosts.js';
export type { WorkspaceDoc } from './workspaces.js';
