// SPDX-License-Identifier: Apache-2.0
import type { Decider } from '../../kernel/index.js';
import type { WorkspaceFact } from '../../schemas/index.js';
import { decide, type WorkspaceCommand } from './decide.js';
import { evolve, subject } from './evolve.js';
import { initial, type WorkspaceState } from './state.js';

export type { WorkspaceCommand } from './decide.js';
export type { Enrolment, WorkspaceState } from './state.js';

/**
 * Stream `workspace-<id>`: one consistency boundary for all desired state of a workspace, so that names, ports,
 * references and "in use" are checked on one folded state.
 */
export const workspace: Decider<WorkspaceState, WorkspaceCommand, WorkspaceFact> = {
  initial,
  decide,
  evolve,
  subject,
};
