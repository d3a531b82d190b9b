// SPDX-License-Identifier: Apache-2.0
import { type HandlerRequest, type Route, route } from '../../http/index.js';
import { notFound, pace, streams } from '../../kernel/index.js';
import {
  type AgentAt,
  agentFiles,
  type Blame,
  blameLines,
  type ConfigAt,
  type Rendered,
} from '../../projections/index.js';
import {
  closed,
  Decimal,
  nullable,
  oneOf,
  Reason,
  Sha256,
  type Static,
  Timestamp,
  Type,
  Uuid,
  Words,
} from '../../schemas/index.js';
import { Parked, presentParked } from '../parked-host.js';
import { readAtQuery } from './at.js';
import type { PastScope, PastScopeDeps } from './scope.js';

const milestone = { version: Type.Integer(), digest: Sha256, at: Timestamp };

const AgentConfig = closed({
  agent_id: Uuid,
  /** The version that was desired of the workspace then; null before the first. */
  version: nullable(Type.Integer()),
  published_at: nullable(Timestamp),
  /** Digest of what the agent was to run; null while it has not said what its nginx is, or when it was not enrolled. */
  desired: nullable(Sha256),
  /** Hosts that it did not run as desired then, while it ran the rest. */
  parked: Type.Array(Parked),
  /** Digest of the same with what it ran in place of parked hosts; null where none was parked. */
  partial: nullable(Sha256),
  /** Why it could not be written for the agent's nginx. */
  unrenderable: nullable(Type.String()),
  sent: nullable(closed(milestone)),
  /** What nginx itself had answered with. */
  proven: nullable(closed(milestone)),
  refused: nullable(closed({ ...milestone, reason: Reason, message: Words })),
  /** Whether what was proven is what was desired. */
  in_sync: Type.Boolean(),
  /** As they were to run, parked hosts as they ran; of `files=proven`, as they ran. */
  files: Type.Array(closed({ path: Type.String(), sha256: Sha256, content: Type.Optional(Type.String()) })),
});

const Change = closed({
  event_id: Uuid,
  position: Decimal,
  revision: Decimal,
  at: Timestamp,
  actor: Type.String(),
  type: Type.String(),
  request_id: Type.String(),
});

const BlamedFile = closed({
  agent_id: Uuid,
  version: Type.Integer(),
  path: Type.String(),
  sha256: Sha256,
  lines: Type.Array(
    closed({
      line: Type.Integer({ minimum: 1 }),
      text: Type.String(),
      /** The resource and field that the line comes from; null for what NxMesh writes by itself. */
      source: nullable(
        closed({ kind: Type.String(), id: Type.String(), name: Type.String(), field: Type.String() }),
      ),
      /** The event that gave the field the value that stands in the line. */
      change: nullable(Change),
    }),
  ),
});

/** `proven`: what nginx itself had answered with, whatever was desired of it by then. */
const Which = oneOf('desired', 'proven');

const configQuery = closed({
  ...readAtQuery.properties,
  files: Type.Optional(Which),
  /** `false`: digests alone. */
  content: Type.Optional(Type.Boolean()),
});

const blameQuery = closed({
  ...readAtQuery.properties,
  path: Type.String({ minLength: 1, maxLength: 256, pattern: '^[A-Za-z0-9._/-]+$' }),
});

const VERSION = /^version:([0-9]{1,10})$/;

interface Moment {
  readonly workspaceId: string;
  readonly config: ConfigAt | undefined;
  readonly agent: AgentAt;
}

export function agentConfigQueries(deps: PastScopeDeps, scope: PastScope): Route[] {
  const { past, reader, clock } = deps;
  const files = agentFiles(deps);
  type AgentRequest = HandlerRequest<{ agent_id: string }, Static<typeof readAtQuery>>;

  /** A version as such: up to where the next one was published, so that what was made of it is seen. */
  async function ofVersion(workspaceId: string, agentId: string, version: number): Promise<Moment> {
    const found = await past.versions(workspaceId, [version, version + 1]);
    const config = found.get(version);
    if (!config) {
      throw notFound('version');
    }
    const next = found.get(version + 1);
    const position = next ? next.position - 1n : 2n ** 63n - 1n;
    return { workspaceId, config, agent: await past.agentAt(agentId, position) };
  }

  async function momentOf(request: AgentRequest): Promise<Moment> {
    const agentId = request.params.agent_id;
    const { workspaceId } = await scope.agent(request, agentId);
    const version = VERSION.exec(request.query.at ?? '')?.[1];
    if (version !== undefined) {
      return ofVersion(workspaceId, agentId, Number(version));
    }
    const position = await scope.moment(request, { workspaceId });
    const [config, agent] = await Promise.all([
      past.versionAt(workspaceId, position),
      past.agentAt(agentId, position),
    ]);
    return { workspaceId, config, agent };
  }

  /** Up to where in the log a file's lines were written: parked hosts stand in it as an earlier version had them. */
  async function writtenUpTo(
    { workspaceId, config, agent }: Moment & { config: ConfigAt },
    path: string,
    asDesired: boolean,
  ): Promise<bigint> {
    const held = agent.state.parked.filter(({ held_version }) => held_version !== null);
    const own = held.filter(({ virtual_host_id }) => path === `vhosts/${virtual_host_id}.conf`);
    const version = Math.max(
      0,
      ...(asDesired ? [] : own.length > 0 ? own : held).map(({ held_version }) => held_version ?? 0),
    );
    const then = version === 0 ? config : (await past.versions(workspaceId, [version])).get(version);
    const { sourceRevision } = (then ?? config).config;
    // What was written while the version was being published is not in it.
    return (await past.positionOf(streams.workspace(workspaceId), sourceRevision)) ?? config.position;
  }

  return [
    route({
      method: 'GET',
      path: '/v1/agents/{agent_id}/config',
      operationId: 'getAgentConfig',
      summary: 'What an agent was to run at a moment, file by file, and what it had proven by then',
      tag: 'History',
      permission: 'change.read',
      query: configQuery,
      success: { status: 200, schema: AgentConfig },
      handler: async (request) => {
        const { agent_id } = request.params;
        const { workspaceId, config, agent } = await momentOf(request);
        const { whole, partial } = config
          ? await files.desired(workspaceId, agent_id, config, agent)
          : { whole: undefined, partial: undefined };
        const shown: Rendered | undefined =
          request.query.files === 'proven'
            ? await files.proven(workspaceId, agent_id, agent)
            : (partial ?? whole);
        const desired = whole?.bundle?.digest ?? null;
        return {
          body: {
            agent_id,
            version: config?.config.version ?? null,
            published_at: config?.at ?? null,
            desired,
            parked: presentParked(agent.state.parked),
            partial: partial?.bundle?.digest ?? null,
            unrenderable: whole?.refused ?? null,
            sent: agent.sent,
            proven: agent.proven,
            refused: agent.refused,
            in_sync: desired !== null && agent.proven?.digest === desired,
            files: (shown?.bundle?.files ?? []).map(({ path, sha256, content }) => ({
              path,
              sha256,
              ...(request.query.content === false ? {} : { content }),
            })),
          },
        };
      },
    }),
    route({
      method: 'GET',
      path: '/v1/agents/{agent_id}/config/blame',
      operationId: 'blameAgentConfig',
      summary: "For each line of an agent's file: the resource, the field, the change and who made it",
      tag: 'History',
      permission: 'change.read',
      query: blameQuery,
      success: { status: 200, schema: BlamedFile },
      handler: async (request) => {
        const { agent_id } = request.params;
        const { path } = request.query;
        const moment = await momentOf(request as unknown as AgentRequest);
        const { workspaceId, config, agent } = moment;
        const { whole, partial } = config
          ? await files.desired(workspaceId, agent_id, config, agent)
          : { whole: undefined, partial: undefined };
        const shown = partial ?? whole;
        const file = shown?.bundle?.files.find((one) => one.path === path);
        if (!(config && shown?.bundle && file)) {
          throw notFound('File');
        }
        const asDesired = whole?.bundle?.files.some(({ sha256 }) => sha256 === file.sha256) ?? false;
        const blamed: readonly Blame[] = await blameLines(
          reader,
          shown.linesOf(path) ?? [],
          await writtenUpTo({ ...moment, config }, path, asDesired),
          pace(clock),
        );
        const texts = file.content.replace(/\n$/, '').split('\n');
        return {
          body: {
            agent_id,
            version: config.config.version,
            path,
            sha256: file.sha256,
            lines: texts.map((text, index) => ({ line: index + 1, text, ...blamed[index] })),
          },
        };
      },
    }),
  ];
}
