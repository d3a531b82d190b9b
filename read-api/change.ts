// SPDX-License-Identifier: Apache-2.0
import { pageOf, type Route, route, windowOf } from '../http/index.js';
import { never } from '../kernel/index.js';
import {
  type AgentDoc,
  type DeliveryDoc,
  touches,
  type VersionDoc,
  versionId,
} from '../projections/index.js';
import {
  closed,
  Decimal,
  nullable,
  oneOf,
  Reason,
  Sha256,
  Stage,
  Timestamp,
  Type,
  Uuid,
} from '../schemas/index.js';
import { Parked, presentParked } from './parked-host.js';
import { pick } from './present.js';
import { listQuery, readQuery } from './query.js';
import { listAnswer, type ReadRequest, type Scope, type Scoped } from './scope.js';

const Text = Type.String();
const Duration = nullable(Type.Integer({ minimum: 0 }));

/** One event that the version takes in: what it changed, and who asked for it. */
const ResourceChange = closed({
  kind: Text,
  id: Uuid,
  name: Text,
  action: oneOf('created', 'updated', 'deleted'),
  fields: Type.Array(Text),
  actor: Text,
  event_id: Text,
  command_id: Text,
  request_id: Text,
  at: Timestamp,
});

const Summary = closed({
  sent: Type.Integer(),
  applied: Type.Integer(),
  partial: Type.Integer(),
  refused: Type.Integer(),
});

const Change = closed({
  version: Type.Integer({ minimum: 1 }),
  published_at: Timestamp,
  source_revision: Decimal,
  changes: Type.Array(ResourceChange),
  /** Of the agents that it was sent to: how many are at which point. */
  summary: Summary,
});

const Failure = closed({
  reason: Reason,
  stage: Stage,
  message: Text,
  nginx_output: Text,
  culprit: nullable(closed({ resource_kind: Text, resource_id: Text, resource_name: Text, field: Text })),
  at: Timestamp,
});

/**
 * What one agent made of it. `partial`: it runs it, but for the hosts in `parked`. `unchanged`: the version changes nothing there. `pending`: not sent yet.
 * `superseded`: overtaken by a newer version before it was sent.
 */
const AGENT_STATES = [
  'unchanged',
  'pending',
  'sent',
  'applied',
  'partial',
  'refused',
  'rolled_back',
  'superseded',
] as const;

export const AgentPart = closed({
  agent_id: Uuid,
  /** Null once the agent was removed; what it made of the version stays. */
  name: nullable(Text),
  state: oneOf(...AGENT_STATES),
  digest: nullable(Sha256),
  desired_at: nullable(Timestamp),
  sent_at: nullable(Timestamp),
  applied_at: nullable(Timestamp),
  duration_ms: Duration,
  stages: nullable(Type.Record(Text, Type.Integer({ minimum: 0 }))),
  failure: nullable(Failure),
  parked: Type.Array(Parked),
});

const ChangeWithAgents = closed({ ...Change.properties, agents: Type.Array(AgentPart) });

const ACTIONS = [
  [/\.(created|enrolled)$/, 'created'],
  [/\.(deleted|removed)$/, 'deleted'],
] as const;

const actionOf = (type: string): 'created' | 'updated' | 'deleted' =>
  ACTIONS.find(([pattern]) => pattern.test(type))?.[1] ?? 'updated';

async function presentChange(scope: Scope, request: ReadRequest, doc: Scoped<VersionDoc>) {
  const count = async (state: DeliveryDoc['state']): Promise<number> => {
    const where = { version_key: doc.id, state };
    return (await scope.list(request, 'deliveries', doc.workspace_id, { where, limit: 1 })).total;
  };
  const [sent, applied, partial, refused, rolledBack] = await Promise.all(
    (['sent', 'applied', 'partial', 'refused', 'rolled_back'] as const).map(count),
  );
  return {
    version: doc.number,
    published_at: doc.published_at,
    source_revision: doc.source_revision,
    changes: doc.causes.map((cause) => ({
      kind: cause.resource_kind,
      id: cause.resource_id,
      name: cause.resource_name,
      action: actionOf(cause.type),
      fields: cause.changed,
      actor: cause.actor,
      event_id: cause.event_id,
      command_id: cause.command_id,
      request_id: cause.correlation_id,
      at: cause.recorded_at,
    })),
    summary: {
      sent: sent ?? 0,
      applied: applied ?? 0,
      partial: partial ?? 0,
      refused: (refused ?? 0) + (rolledBack ?? 0),
    },
  };
}

type State = (typeof AGENT_STATES)[number];

function stateOf(version: VersionDoc, agent: AgentDoc | undefined, delivery: DeliveryDoc | undefined): State {
  const sent = agent?.sent?.version ?? 0;
  if (!delivery) {
    const meant =
      agent && BigInt(agent._enrolled) <= BigInt(version.source_revision) && touches(version, agent);
    if (!meant) {
      return 'unchanged';
    }
    return Math.max(sent, agent.applied?.version ?? 0) > version.number ? 'superseded' : 'pending';
  }
  switch (delivery.state) {
    case 'sent':
      return !agent || sent > version.number ? 'superseded' : 'sent';
    case 'applied':
    case 'partial':
    case 'refused':
    case 'rolled_back':
      return delivery.state;
    default:
      return never(delivery.state, 'state of a delivery');
  }
}

function presentPart(
  version: VersionDoc,
  agentId: string,
  agent: Scoped<AgentDoc> | undefined,
  delivery: DeliveryDoc | undefined,
) {
  const state = stateOf(version, agent, delivery);
  const failure = delivery?.failure;
  return {
    agent_id: agentId,
    name: agent?.name ?? null,
    state,
    digest: delivery?.digest ?? null,
    desired_at: state === 'unchanged' ? null : version.published_at,
    sent_at: delivery?.sent_at ?? null,
    applied_at: delivery?.applied_at ?? null,
    duration_ms: delivery?.duration_ms ?? null,
    stages: delivery?.stages ?? null,
    failure: failure ? pick(failure, ['reason', 'stage', 'message', 'nginx_output', 'culprit', 'at']) : null,
    parked: presentParked(delivery?.parked ?? []),
  };
}

/** What each agent made of a version: those that are there, by name, and those that were removed since. */
export async function agentParts(scope: Scope, request: ReadRequest, doc: Scoped<VersionDoc>) {
  const { workspace_id } = doc;
  const deliveries = await scope.list(request, 'deliveries', workspace_id, {
    where: { version_key: doc.id },
  });
  const agents = await scope.list(request, 'agents', workspace_id, { orderBy: 'name' });
  const byAgent = new Map(deliveries.items.map((one) => [one.agent_id, one]));
  const parts = agents.items.map((agent) => presentPart(doc, agent.id, agent, byAgent.get(agent.id)));
  const there = new Set(agents.items.map(({ id }) => id));
  const gone = deliveries.items.filter((one) => !there.has(one.agent_id));
  return [...parts, ...gone.map((one) => presentPart(doc, one.agent_id, undefined, one))];
}

/** The story of each change: what changed, who asked, and what each agent made of it. A version by both its names. */
const storyOf = (scope: Scope, plural: 'changes' | 'versions', title: 'Change' | 'Version'): Route[] => [
  route({
    method: 'GET',
    path: `/v1/workspaces/{workspace_id}/${plural}`,
    operationId: `list${title}s`,
    summary: "List a workspace's configuration versions, newest first",
    tag: plural === 'changes' ? 'Changes' : 'History',
    permission: 'change.read',
    query: listQuery,
    success: { status: 200, schema: pageOf(Change) },
    handler: async (request) => {
      const { offset, perPage: limit } = windowOf(request.query);
      const query = { orderBy: 'number', descending: true, offset, limit };
      const found = await scope.list(request, 'versions', request.params.workspace_id, query);
      const shown = await Promise.all(found.items.map((doc) => presentChange(scope, request, doc)));
      const byId = new Map(found.items.map((doc, index) => [doc.id, shown[index]]));
      return listAnswer(request, found, (doc) => byId.get(doc.id));
    },
  }),
  route({
    method: 'GET',
    path: `/v1/workspaces/{workspace_id}/${plural}/{version}`,
    operationId: `get${title}`,
    summary: 'Get one version with what each agent made of it',
    tag: plural === 'changes' ? 'Changes' : 'History',
    permission: 'change.read',
    params: { version: Type.String({ pattern: '^[1-9][0-9]{0,9}$' }) },
    query: readQuery,
    success: { status: 200, schema: ChangeWithAgents },
    handler: async (request) => {
      const { workspace_id, version } = request.params;
      const doc = await scope.one(request, 'versions', versionId(workspace_id, Number(version)));
      const agents = await agentParts(scope, request, doc);
      return { body: { ...(await presentChange(scope, request, doc)), agents } };
    },
  }),
];

export const changeQueries = (scope: Scope): Route[] => [
  ...storyOf(scope, 'changes', 'Change'),
  ...storyOf(scope, 'versions', 'Version'),
];
