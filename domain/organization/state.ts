// SPDX-License-Identifier: Apache-2.0
import type { Invitation, Organization, Role, WorkspaceRole } from '../../schemas/index.js';

export interface OrganizationState {
  /** Undefined before it is created and after it is deleted. */
  organization: Organization | undefined;
  existed: boolean;
  /** Slug → the workspace that holds it, and since when. */
  readonly workspaceSlugs: Map<string, { readonly workspaceId: string; readonly at: string }>;
  /** User → role. */
  readonly members: Map<string, Member>;
  /** User → workspace → what is left there of the role. */
  readonly narrowings: Map<string, Map<string, WorkspaceRole>>;
  /** Those that were neither accepted nor revoked. */
  readonly invitations: Map<string, PendingInvitation>;
}

export interface Member {
  readonly role: Role;
  readonly createdAt: string;
  readonly updatedAt: string;
}

export interface PendingInvitation {
  readonly invitation: Invitation;
  readonly tokenSha256: string;
}

export const initial = (): OrganizationState => ({
  organization: undefined,
  existed: false,
  workspaceSlugs: new Map(),
  members: new Map(),
  narrowings: new Map(),
  invitations: new Map(),
});
