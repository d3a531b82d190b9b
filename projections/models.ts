// SPDX-License-Identifier: Apache-2.0
import { type AgentDoc, agents } from './agents.js';
import { type CertificateDoc, certificates } from './certificates.js';
import { changes, type DeliveryDoc, type VersionDoc } from './changes.js';
import { type InvitationDoc, invitations } from './invitations.js';
import { type MemberDoc, members } from './members.js';
import { type OperationDoc, operations } from './operations.js';
import { type OrganizationDoc, organizations } from './organizations.js';
import { type PlaceDoc, places } from './places.js';
import type { Projection } from './projection.js';
import { type ChainDoc, type RecordDoc, records, type SubjectDoc } from './records/index.js';
import { type UpstreamDoc, upstreams } from './upstreams.js';
import { type VirtualHostDoc, virtualHosts } from './virtual-hosts.js';
import { type WorkspaceDoc, workspaces } from './workspaces.js';

/** Every collection that readers may ask for, with the shape of its documents. */
export interface Models {
  readonly agents: AgentDoc;
  readonly certificates: CertificateDoc;
  readonly deliveries: DeliveryDoc;
  readonly invitations: InvitationDoc;
  readonly members: MemberDoc;
  readonly operations: OperationDoc;
  readonly organizations: OrganizationDoc;
  readonly places: PlaceDoc;
  readonly chains: ChainDoc;
  readonly records: RecordDoc;
  readonly subjects: SubjectDoc;
  readonly upstreams: UpstreamDoc;
  readonly versions: VersionDoc;
  readonly virtual_hosts: VirtualHostDoc;
  readonly workspaces: WorkspaceDoc;
}

/** Every read model. */
export const readModels: readonly Projection[] = [
  organizations,
  members,
  invitations,
  workspaces,
  places,
  agents,
  upstreams,
  virtualHosts,
  certificates,
  changes,
  records,
  operations,
];
