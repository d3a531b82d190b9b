// SPDX-License-Identifier: Apache-2.0
import { type Action, pageOf, type Route, route } from '../../http/index.js';
import type { FullRecord, StandingKind } from '../../projections/index.js';
import { closed, Decimal, nullable, oneOf, Timestamp, Type, Uuid } from '../../schemas/index.js';
import { listQuery } from '../query.js';
import { listAnswer, type Scoped } from '../scope.js';
import type { PastScope } from './scope.js';

const Members = Type.Record(Type.String(), Type.Unknown());

/** One event in the life of a resource. */
export const HistoryEntry = closed({
  event_id: Uuid,
  position: Decimal,
  /** Of the stream; the resource's `ETag` from here on. */
  revision: Decimal,
  at: Timestamp,
  actor: Type.String(),
  type: Type.String(),
  action: Type.String(),
  /** `kept`: the event left the resource as it was. */
  state: oneOf('set', 'gone', 'kept'),
  changes: Type.Array(closed({ field: Type.String(), before: Type.Unknown(), after: Type.Unknown() })),
  before: nullable(Members),
  after: nullable(Members),
  details: Members,
  command_id: Type.String(),
  request_id: Type.String(),
});

export const fieldChanges = ({
  fields,
  before,
  after,
}: {
  readonly fields: readonly string[];
  readonly before: Readonly<Record<string, unknown>> | null;
  readonly after: Readonly<Record<string, unknown>> | null;
}): { field: string; before: unknown; after: unknown }[] =>
  fields.map((field) => ({ field, before: before?.[field] ?? null, after: after?.[field] ?? null }));

export const presentEntry = (one: Scoped<FullRecord>) => ({
  event_id: one.event_id,
  position: one.position,
  revision: one.revision,
  at: one.at,
  actor: one.actor,
  type: one.type,
  action: one.action,
  state: one.state,
  changes: fieldChanges(one),
  before: one.before,
  after: one.after,
  details: one.details,
  command_id: one.command_id,
  request_id: one.request_id,
});

const KINDS: readonly (readonly [kind: StandingKind, plural: string, title: string, permission: Action])[] = [
  ['organization', 'organizations', 'Organization', 'organization.read'],
  ['workspace', 'workspaces', 'Workspace', 'workspace.read'],
  ['agent', 'agents', 'Agent', 'agent.read'],
  ['upstream', 'upstreams', 'Upstream', 'upstream.read'],
  ['virtual_host', 'virtual-hosts', 'VirtualHost', 'virtual_host.read'],
  ['certificate', 'certificates', 'Certificate', 'certificate.read'],
];

/** The history of every resource, also of one that is gone. */
export const historyQueries = (past: PastScope): Route[] =>
  KINDS.map(([kind, plural, title, permission]) =>
    route({
      method: 'GET',
      path: `/v1/${plural}/{${kind}_id}/history`,
      operationId: `get${title}History`,
      summary: `What happened to a resource of kind ${kind.replace('_', ' ')}, newest first`,
      tag: 'History',
      permission,
      query: listQuery,
      success: { status: 200, schema: pageOf(HistoryEntry) },
      handler: async (request) => {
        const id = (request.params as Record<string, string>)[`${kind}_id`] ?? '';
        return listAnswer(request, await past.history(request, kind, id), presentEntry);
      },
    }),
  );
