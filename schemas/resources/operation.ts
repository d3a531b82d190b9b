// SPDX-License-Identifier: Apache-2.0
import { closed, nullable, oneOf, type Static, Timestamp, Type, Uuid, Words } from '../common.js';

export const OPERATION_STATES = ['running', 'succeeded', 'failed'] as const;
export const OPERATION_KINDS = ['agent.reload', 'agent.restart', 'agent.stop', 'agent.status'] as const;

/** Work that goes on after it was asked for, and what came of it. */
export const Operation = closed({
  id: Uuid,
  workspace_id: Uuid,
  kind: oneOf(...OPERATION_KINDS),
  /** What it is done to. */
  resource: closed({ type: oneOf('agent'), id: Uuid }),
  state: oneOf(...OPERATION_STATES),
  /** Once it has succeeded. */
  result: nullable(closed({ message: Words })),
  /** Once it has failed. */
  error: nullable(closed({ code: Type.String(), message: Words })),
  created_at: Timestamp,
  finished_at: nullable(Timestamp),
});
export type Operation = Static<typeof Operation>;

export const runningOperation = (
  of: Pick<Operation, 'id' | 'workspace_id' | 'kind' | 'resource' | 'created_at'>,
): Operation => ({ ...of, state: 'running', result: null, error: null, finished_at: null });
