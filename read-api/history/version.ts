// SPDX-License-Identifier: Apache-2.0
import { type HandlerRequest, type Route, route } from '../../http/index.js';
import { conflict, detail, invalid, notFound, pace } from '../../kernel/index.js';
import { type ConfigAt, configDiff, emptyConfig, fileDiffs, rendererFor } from '../../projections/index.js';
import { closed, nullable, oneOf, Sha256, type Static, Type, Uuid } from '../../schemas/index.js';
import { readQuery } from '../query.js';
import { fieldChanges } from './history.js';
import type { PastScope, PastScopeDeps } from './scope.js';

/** Version 0 is the workspace before its first. */
const Number0 = Type.String({ pattern: '^(0|[1-9][0-9]{0,9})$' });

const ResourceDiff = closed({
  kind: Type.String(),
  id: Uuid,
  name: Type.String(),
  action: oneOf('added', 'removed', 'changed'),
  /** Of one that was changed: each field. */
  changes: Type.Array(closed({ field: Type.String(), before: Type.Unknown(), after: Type.Unknown() })),
});

const FileDiff = closed({
  path: Type.String(),
  before_sha256: nullable(Sha256),
  after_sha256: nullable(Sha256),
  /** As `diff -u` writes it. */
  diff: Type.String(),
});

const AgentDiff = closed({
  agent_id: Uuid,
  before_digest: nullable(Sha256),
  after_digest: nullable(Sha256),
  /** Why one of the two could not be written for its nginx. */
  refused: nullable(Type.String()),
  files: Type.Array(FileDiff),
});

const Diff = closed({
  from: Type.Integer(),
  to: Type.Integer(),
  resources: Type.Array(ResourceDiff),
  /** The files of the agent that was asked for, as its nginx is now. */
  agent: nullable(AgentDiff),
});

const diffQuery = closed({ ...readQuery.properties, agent_id: Type.Optional(Uuid) });

type DiffRequest = HandlerRequest<
  { workspace_id: string; version: string; other: string },
  Static<typeof diffQuery>
>;

const NOW = 2n ** 63n - 1n;

export function versionQueries({ past, clock }: PastScopeDeps, scope: PastScope): Route[] {
  async function agentDiff(request: DiffRequest, agentId: string, before: ConfigAt, after: ConfigAt) {
    const { workspaceId } = await scope.agent(request, agentId);
    if (workspaceId !== request.params.workspace_id) {
      throw notFound('Agent');
    }
    const { build } = (await past.agentAt(agentId, NOW)).state;
    if (!build) {
      throw conflict('The agent has not said yet what its nginx is', [
        detail('agent_id', 'NOT_CONNECTED', 'It was never connected'),
      ]);
    }
    const breathe = pace(clock);
    const render = rendererFor(agentId, build, breathe);
    const [old, now] = [await render(before.config), await render(after.config)];
    return {
      agent_id: agentId,
      before_digest: old?.bundle?.digest ?? null,
      after_digest: now?.bundle?.digest ?? null,
      refused: now?.refused ?? old?.refused ?? null,
      files: [...(await fileDiffs(old?.bundle ?? null, now?.bundle ?? null, breathe))],
    };
  }

  return [
    route({
      method: 'GET',
      path: '/v1/workspaces/{workspace_id}/versions/{version}/diff/{other}',
      operationId: 'diffVersions',
      summary: "What differs between two versions: resources by field, and an agent's files",
      tag: 'History',
      permission: 'change.read',
      params: { version: Number0, other: Number0 },
      query: diffQuery,
      success: { status: 200, schema: Diff },
      handler: async (request) => {
        const { workspace_id, version, other } = request.params;
        await scope.workspace(request, workspace_id);
        const [from, to] = [Number(version), Number(other)];
        const found = await past.versions(workspace_id, [from, to]);
        const at = (number: number): ConfigAt => {
          const one = number === 0 ? emptyConfig() : found.get(number);
          if (!one) {
            throw invalid([detail('version', 'OUT_OF_RANGE', `There is no version ${number}`)]);
          }
          return one;
        };
        const { agent_id } = request.query;
        const resources = await configDiff(at(from).config, at(to).config, pace(clock));
        // A version knows of agents by their labels alone.
        const names = await scope.namesOf(resources.filter(({ name }) => name === ''));
        return {
          body: {
            from,
            to,
            resources: resources.map((one) => ({
              kind: one.kind,
              id: one.id,
              name: one.name === '' ? (names.get(one.id) ?? '') : one.name,
              action: one.before === null ? 'added' : one.after === null ? 'removed' : 'changed',
              changes: one.before === null || one.after === null ? [] : fieldChanges(one),
            })),
            agent: agent_id === undefined ? null : await agentDiff(request, agent_id, at(from), at(to)),
          },
        };
      },
    }),
  ];
}
