// SPDX-License-Identifier: Apache-2.0
import type { Organization } from '../../schemas/index.js';

export interface OrganizationState {
  /** Undefined before it is created and after it is deleted. */
  organization: Organization | undefined;
  existed: boolean;
  /** Slug → the workspace that holds it, and since when. */
  readonly workspaceSlugs: Map<string, { readonly workspaceId: string; readonly at: string }>;
}

export const initial = (): OrganizationState => ({
  organization: undefined,
  existed: false,
  workspaceSlugs: new Map(),
});
