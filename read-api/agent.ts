// SPDX-License-Identifier: Apache-2.0
import { type HandlerRequest, pageOf, type Route, route, windowOf } from '../http/index.js';
import { detail, invalid } from '../kernel/index.js';
import type { AgentDoc, Page } from '../projections/index.js';
import {
  AGENT_STATES,
  AgentFacts,
  closed,
  EnrolledAgent,
  LabelSelector,
  nullable,
  oneOf,
  Reason,
  Sha256,
  Stage,
  type Static,
  Timestamp,
  Type,
  Words,
} from '../schemas/index.js';
import { Health, type HealthDoc, type LoadHealth, presentHealth } from './agent-health.js';
import { atParameter, readAtQuery } from './history/at.js';
import type { PastScope } from './history/scope.js';
import type { Stood } from './history/stood.js';
import { labelMatcher } from './label-selector.js';
import { Parked, presentParked } from './parked-host.js';
import { pick, revisionOf } from './present.js';
import { listQueryParameters } from './query.js';
import { listAnswer, type ReadRequest, type Scope, type Scoped } from './scope.js';

const { hostname, ip_address, version, deployment_mode, nginx_version, capabilities } = AgentFacts.properties;
const versionAt = { version: Type.Integer(), digest: Sha256, at: Timestamp };

/** An agent as it was enrolled and as it reported itself; null is what it has not said yet. */
const agentFields = {
  ...EnrolledAgent.properties,
  hostname: nullable(hostname),
  ip_address: nullable(ip_address),
  version: nullable(version),
  nginx_version: nullable(nginx_version),
  deployment_mode: nullable(deployment_mode),
  capabilities,
  state: oneOf(...AGENT_STATES),
  last_seen_at: nullable(Timestamp),
  /** The version that it proved to serve. */
  applied: nullable(closed(versionAt)),
  /** A newer version that did not go live, and why. */
  refused: nullable(closed({ ...versionAt, reason: Reason, stage: Stage, message: Words })),
  /** Hosts that it does not run as desired. */
  parked: Type.Array(Parked),
  /** The version that it should have proven by now. */
  overdue: nullable(closed(versionAt)),
};
const AgentSummary = closed(agentFields);
type AgentSummary = Static<typeof AgentSummary>;
const AgentDetail = closed({ ...agentFields, health: Health });
type AgentDetail = Static<typeof AgentDetail>;

/** Of the past, as people enrolled it; what it reported and proved then is `config?at=`. */
const presentEnrolment = (doc: Stood<'agent'>): EnrolledAgent =>
  pick(doc, ['id', 'workspace_id', 'name', 'labels', 'created_at', 'updated_at']);

/** A connected agent was last seen when it last reported; the read model only knows when it came. */
function lastSeen(doc: AgentDoc, health: HealthDoc | undefined): string | null {
  const reported = doc.state === 'offline' ? undefined : health?.at;
  return reported !== undefined && reported > (doc.last_seen_at ?? '') ? reported : doc.last_seen_at;
}

function presentAgent(doc: Scoped<AgentDoc>, health: HealthDoc | undefined): AgentSummary {
  return {
    ...pick(doc, [
      'id',
      'workspace_id',
      'name',
      'hostname',
      'ip_address',
      'version',
      'nginx_version',
      'state',
      'deployment_mode',
      'labels',
      'created_at',
      'updated_at',
    ]),
    capabilities: doc.capabilities ?? [],
    last_seen_at: lastSeen(doc, health),
    applied: doc.applied && pick(doc.applied, ['version', 'digest', 'at']),
    refused: doc.refused && pick(doc.refused, ['version', 'digest', 'at', 'reason', 'stage', 'message']),
    parked: presentParked(doc.parked),
    overdue: doc.overdue && pick(doc.overdue, ['version', 'digest', 'at']),
  };
}

const agentsQuery = closed({
  ...listQueryParameters,
  ...atParameter,
  name: Type.Optional(EnrolledAgent.properties.name),
  state: Type.Optional(oneOf(...AGENT_STATES, 'all')),
  label_selector: Type.Optional(LabelSelector),
});

/** Documents read at a time when labels decide, which the store has no index for. */
const BATCH = 1000;

async function presentDetail(doc: Scoped<AgentDoc>, loadHealth: LoadHealth): Promise<AgentDetail> {
  const health = (await loadHealth([doc.id])).get(doc.id);
  return { ...presentAgent(doc, health), health: presentHealth(health) };
}

/** One agent as its own route shows it, for the command that changes it. */
export const shownAgent = (scope: Scope, loadHealth: LoadHealth) => ({
  schema: AgentDetail,
  load: async (request: ReadRequest, id: string): Promise<AgentDetail> =>
    presentDetail(await scope.one(request, 'agents', id), loadHealth),
});

export function agentQueries(scope: Scope, past: PastScope, loadHealth: LoadHealth): Route[] {
  type ListRequest = HandlerRequest<{ workspace_id: string }, Static<typeof agentsQuery>>;

  async function find(request: ListRequest): Promise<Page<Scoped<AgentDoc>>> {
    const { state, name, label_selector } = request.query;
    const { offset, perPage } = windowOf(request.query);
    const where = {
      ...(state === undefined || state === 'all' ? {} : { state }),
      ...(name === undefined ? {} : { name }),
    };
    const read = (from: number, limit: number): Promise<Page<Scoped<AgentDoc>>> =>
      scope.list(request, 'agents', request.params.workspace_id, {
        where,
        orderBy: 'name',
        offset: from,
        limit,
      });
    if (label_selector === undefined) {
      return read(offset, perPage);
    }
    const matches = labelMatcher(label_selector);
    const matching: Scoped<AgentDoc>[] = [];
    for (let from = 0, total = 1; from < total; from += BATCH) {
      const batch = await read(from, BATCH);
      matching.push(...batch.items.filter((doc) => matches(doc.labels)));
      total = batch.total;
    }
    return { items: matching.slice(offset, offset + perPage), total: matching.length };
  }

  return [
    route({
      method: 'GET',
      path: '/v1/workspaces/{workspace_id}/agents',
      operationId: 'listAgents',
      summary: 'List the agents of a workspace by state and labels, ordered by name',
      tag: 'Agents',
      permission: 'agent.list',
      query: agentsQuery,
      success: { status: 200, schema: pageOf(Type.Union([AgentSummary, EnrolledAgent])) },
      handler: async (request) => {
        const { at, state, name, label_selector } = request.query;
        if (at !== undefined && state !== undefined) {
          throw invalid([detail('state', 'CONFLICTING_FIELDS', 'Is of now only: leave it out beside at')]);
        }
        const matches = label_selector === undefined ? () => true : labelMatcher(label_selector);
        const then = await past.standingPage(
          request,
          'agent',
          request.params.workspace_id,
          'name',
          (doc) => matches(doc.labels) && (name === undefined || doc.name === name),
        );
        if (then) {
          return listAnswer(request, then, presentEnrolment);
        }
        const found = await find(request);
        const health = await loadHealth(found.items.map(({ id }) => id));
        return listAnswer(request, found, (doc) => presentAgent(doc, health.get(doc.id)));
      },
    }),
    route({
      method: 'GET',
      path: '/v1/agents/{agent_id}',
      operationId: 'getAgent',
      summary: 'Get an agent with its newest health report',
      tag: 'Agents',
      permission: 'agent.read',
      query: readAtQuery,
      success: { status: 200, schema: Type.Union([AgentDetail, EnrolledAgent]) },
      handler: async (request) => {
        const id = request.params.agent_id;
        const then = await past.standing(request, 'agent', id);
        if (then) {
          return { body: presentEnrolment(then), revision: revisionOf(then) };
        }
        const doc = await scope.one(request, 'agents', id);
        return { body: await presentDetail(doc, loadHealth), revision: revisionOf(doc), volatile: true };
      },
    }),
  ];
}
