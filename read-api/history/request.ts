// SPDX-License-Identifier: Apache-2.0
import { type Route, route } from '../../http/index.js';
import { NxError, notFound } from '../../kernel/index.js';
import { type RecordDoc, versionOf } from '../../projections/index.js';
import type { Query } from '../../read-store/index.js';
import { closed, Decimal, nullable, Timestamp, Type, Uuid } from '../../schemas/index.js';
import { AgentPart, agentParts } from '../change.js';
import { readQuery } from '../query.js';
import {
  organizationsOf,
  type ReadRequest,
  readWhenPassed,
  type Scope,
  type ScopeDeps,
  type Scoped,
  yes,
} from '../scope.js';

const Chain = closed({
  request_id: Type.String(),
  /** What the request caused, in the order of the log. */
  events: Type.Array(
    closed({
      event_id: Uuid,
      position: Decimal,
      revision: Decimal,
      at: Timestamp,
      actor: Type.String(),
      command_id: Type.String(),
      type: Type.String(),
      resource_kind: Type.String(),
      resource_id: Type.String(),
      resource_name: Type.String(),
      changed: Type.Array(Type.String()),
      /** The configuration version that takes it in; null where none depends on it, or none has yet. */
      version: nullable(Type.Integer()),
    }),
  ),
  /** The versions that take these events in, with what each agent made of them. */
  versions: Type.Array(
    closed({
      workspace_id: Uuid,
      version: Type.Integer(),
      published_at: Timestamp,
      agents: Type.Array(AgentPart),
    }),
  ),
});

/** Events of one request in one organization that are shown; a command has far fewer. */
const MAX_EVENTS = 1_000;

export function requestQueries(deps: ScopeDeps, scope: Scope): Route[] {
  const { reader } = deps;
  const read = readWhenPassed(deps);

  /** Of each organization by itself: however many others name their requests alike, they are not in the way. */
  async function recordsOf({ principal }: ReadRequest, request_id: string): Promise<readonly RecordDoc[]> {
    const find = async (where: Query['where'] & object): Promise<readonly RecordDoc[]> =>
      (await reader.find('records', { where, limit: MAX_EVENTS, count: false })).items;
    const chains = organizationsOf(principal);
    if (!chains) {
      return find({ request_id });
    }
    const found = await Promise.all(chains.map((chain) => find({ request_id, chain })));
    return found.flat().sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  /** Callers may name their requests themselves: of two with one name, each sees its own. */
  function mine(request: ReadRequest, records: readonly RecordDoc[]): Scoped<RecordDoc>[] {
    const known = new Map<string, boolean>();
    return records.flatMap((record) => {
      const { organization_id, workspace_id } = record;
      if (organization_id === null) {
        return [];
      }
      const place = `${organization_id} ${workspace_id ?? ''}`;
      if (!known.has(place)) {
        known.set(place, allowed(request, organization_id, workspace_id ?? undefined));
      }
      return known.get(place) ? [yes(record)] : [];
    });
  }

  function allowed(request: ReadRequest, organizationId: string, workspaceId: string | undefined): boolean {
    try {
      request.allow(organizationId, workspaceId);
      return true;
    } catch (error) {
      if (error instanceof NxError && error.code === 'NOT_FOUND') {
        return false;
      }
      throw error;
    }
  }

  return [
    route({
      method: 'GET',
      path: '/v1/requests/{request_id}',
      operationId: 'getRequest',
      summary:
        'What came of a request: its events, the versions that take them in, and what each agent made of those',
      tag: 'History',
      permission: 'change.read',
      params: { request_id: Type.String({ minLength: 1, maxLength: 256 }) },
      query: readQuery,
      success: { status: 200, schema: Chain },
      handler: async (request) => {
        const { request_id } = request.params;
        const records = await read(request, async () => mine(request, await recordsOf(request, request_id)));
        if (records.length === 0) {
          throw notFound('Request');
        }
        const numbered = [];
        for (const record of records) {
          const version = record.workspace_id === null ? undefined : await versionOf(reader, record);
          numbered.push({ record, version });
        }
        const versions = [
          ...new Map(numbered.flatMap(({ version }) => (version ? [[version.id, version]] : []))).values(),
        ];
        const shown = [];
        for (const { id, workspace_id, number, published_at } of versions) {
          const doc = await scope.one(request, 'versions', id);
          shown.push({
            workspace_id,
            version: number,
            published_at,
            agents: await agentParts(scope, request, doc),
          });
        }
        return {
          body: {
            request_id,
            events: numbered.map(({ record, version }) => ({
              event_id: record.event_id,
              position: record.position,
              revision: record.revision,
              at: record.at,
              actor: record.actor,
              command_id: record.command_id,
              type: record.type,
              resource_kind: record.resource_kind,
              resource_id: record.resource_id,
              resource_name: record.resource_name,
              changed: [...record.changed],
              version: version?.number ?? null,
            })),
            versions: shown,
          },
        };
      },
    }),
  ];
}
