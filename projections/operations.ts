// SPDX-License-Identifier: Apache-2.0
import { type Operation, runningOperation, type StoredEvent } from '../schemas/index.js';
import type { Key, Projection } from './projection.js';
import { type Origin, origin } from './resource.js';

/** Long work, from the events that begin and end it. */
export interface OperationDoc extends Operation, Origin {}

const COLLECTION = 'operations';

const keys = ({ data }: StoredEvent): readonly Key[] =>
  'command_id' in data ? [{ collection: COLLECTION, id: data.command_id }] : [];

/** What the end of the work makes of it; undefined for an event that ends none. */
function ended(
  event: StoredEvent,
): Pick<Operation, 'state' | 'result' | 'error' | 'finished_at'> | undefined {
  if (event.type !== 'agent_command.completed') {
    return undefined;
  }
  const { success, message, at } = event.data;
  return success
    ? { state: 'succeeded', result: { message }, error: null, finished_at: at }
    : { state: 'failed', result: null, error: { code: 'CONFLICT', message }, finished_at: at };
}

export const operations: Projection = {
  name: 'operations',
  version: 1,
  categories: ['agent'],
  types: ['agent_command.requested', 'agent_command.completed'],
  collections: [{ name: COLLECTION, indexes: [] }],
  onPoison: 'park',
  keys,
  reads: keys,
  project: (event, load) => {
    const put = (doc: Operation) => [
      { kind: 'put' as const, collection: COLLECTION, doc: { ...doc, ...origin(event) } },
    ];
    if (event.type === 'agent_command.requested') {
      const { command_id: id, agent_id, kind, at } = event.data;
      const resource = { type: 'agent', id: agent_id } as const;
      const workspace_id = event.meta.workspace_id ?? '';
      return put(runningOperation({ id, workspace_id, kind: `agent.${kind}`, resource, created_at: at }));
    }
    const end = ended(event);
    const [key] = keys(event);
    const before = key && (load(COLLECTION, key.id) as OperationDoc | undefined);
    return end && before ? put({ ...before, ...end }) : [];
  },
};
