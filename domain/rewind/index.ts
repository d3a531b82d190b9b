// SPDX-License-Identifier: Apache-2.0
import { never } from '../../kernel/index.js';
import type { WorkspaceFact } from '../../schemas/index.js';
import type { WorkspaceState } from '../workspace/state.js';
import { applyChanges } from './apply.js';
import type { Change } from './change.js';
import { changesBackTo, type Target } from './roll-back.js';
import { refuseProblems, type UndoPlan } from './undo.js';

/** `at` is RFC 3339. */
export type RewindCommand =
  | { readonly type: 'undo-version'; readonly plan: UndoPlan; readonly at: string }
  | { readonly type: 'roll-back'; readonly target: Target; readonly at: string }
  | { readonly type: 'apply-changes'; readonly changes: readonly Change[]; readonly at: string };

/** Takes a workspace back: one command, the facts of which are those of ordinary changes. */
export function decideRewind(command: RewindCommand, state: WorkspaceState): readonly WorkspaceFact[] {
  switch (command.type) {
    case 'undo-version':
      refuseProblems(command.plan.problems);
      return applyChanges(command.plan.changes, command.at, state);
    case 'roll-back':
      return applyChanges(changesBackTo(command.target, state), command.at, state);
    case 'apply-changes':
      return applyChanges(command.changes, command.at, state);
    default:
      return never(command, 'command that takes a workspace back');
  }
}

export { type Change, type Kind, nameOf } from './change.js';
export { singleOut } from './single.js';
export {
  diffOf,
  fieldsBetween,
  planUndo,
  type ResourceDiff,
  type VersionDiff,
  versionReader,
} from './undo.js';
