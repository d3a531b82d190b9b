// SPDX-License-Identifier: Apache-2.0

export {
  type Checkpoint,
  type ConfigAt,
  EXPORT_FORMAT,
  type ExportLine,
  INSTALLATION,
  NOTHING,
  type SignedCheckpoint,
} from '../domain/index.js';
export {
  type Access,
  type AccessKey,
  type AccessSession,
  access,
  type KeySpan,
  type Rights,
} from './access/index.js';
export type { AgentDoc } from './agents.js';
export type { CertificateDoc } from './certificates.js';
export { type DeliveryDoc, touches, type VersionDoc, versionId } from './changes.js';
export type { CustomEventDoc } from './custom-events.js';
export { type Refused, runDesiredConfig, type WorkflowDeps } from './desired-config/workflow.js';
export { type Directory, directory, type Person, USER_SORTS } from './directory/index.js';
export type { AgentAt } from './history/agent.js';
export { agentFiles } from './history/agent-files.js';
export { type Blame, blameLines } from './history/blame.js';
export { type Past, past } from './history/config.js';
export { configDiff, emptyConfig } from './history/diff.js';
export { fileDiffs } from './history/files.js';
export { type ConfigFolds, configFolds } from './history/folds.js';
export type { PeopleAt } from './history/people.js';
export { type Rendered, rendererFor } from './history/rendered.js';
export { versionOf } from './history/version-of.js';
export type { InvitationDoc } from './invitations.js';
export { type MemberDoc, memberId } from './members.js';
export { type Models, readModels } from './models.js';
export type { OperationDoc } from './operations.js';
export type { OrganizationDoc } from './organizations.js';
export { whileOwned } from './owned.js';
export { storedPassed } from './passed.js';
export { type Projection, versionName } from './projection.js';
export { type Page, type Reader, reader } from './reader.js';
export {
  lastOf,
  positionAt,
  recordsOf,
  type StandingKind,
  standing,
  standingAll,
  standingOf,
  timeAt,
} from './records/at.js';
export { type FullRecord, withBefore } from './records/before.js';
export {
  type ChainDoc,
  type Chained,
  linked,
  type RecordDoc,
  recordId,
  type SubjectDoc,
  subjectKey,
} from './records/index.js';
export type { Origin } from './resource.js';
export { projectionRunner } from './runner.js';
export type { UpstreamDoc } from './upstreams.js';
export type { VirtualHostDoc } from './virtual-hosts.js';
export type { WorkspaceDoc } from './workspaces.js';
