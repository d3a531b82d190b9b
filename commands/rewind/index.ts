// SPDX-License-Identifier: Apache-2.0
import { decideRewind, type RewindCommand } from '../../domain/index.js';
import { type HandlerRequest, type HandlerResult, type Route, route } from '../../http/index.js';
import {
  type Clock,
  conflict,
  detail,
  digestOf,
  NxError,
  notFound,
  streams,
  timestamp,
} from '../../kernel/index.js';
import { closed, type Fact, Type, Uuid } from '../../schemas/index.js';
import { answer, type CommandDeps, contextOf, placeOf } from '../request.js';
import { factsOf, Rewound, shownOf } from './answer.js';
import { type RestoreDeps, restoreCommands } from './restore.js';
import { newestAt, type Single, targetAt, undoAt, type VersionsDeps } from './versions.js';

export interface RewindDeps extends CommandDeps, RestoreDeps, VersionsDeps {
  readonly clock: Clock;
}

const dryRunQuery = closed({ dry_run: Type.Optional(Type.Boolean()) });

/** One change of those that the version takes in, as histories and the version's `changes` name it. */
const undoQuery = closed({
  ...dryRunQuery.properties,
  request_id: Type.Optional(Type.String({ minLength: 1, maxLength: 256 })),
  command_id: Type.Optional(Uuid),
  event_id: Type.Optional(Uuid),
});

/** A number that a version can have. */
const params = { version: Type.String({ pattern: '^[1-9][0-9]{0,9}$' }) };

type VersionRequest = HandlerRequest<
  { workspace_id: string; version: string },
  { dry_run?: boolean } & Single
>;

interface Prepared {
  readonly command: RewindCommand;
  /** The facts of the command stand after this revision. */
  readonly sourceRevision: bigint;
}

/** EventStoreDB takes no more than so many bytes at once, and half of it is no rollback. */
const tooLarge = (error: unknown): Error | undefined =>
  error instanceof NxError && error.code === 'PAYLOAD_TOO_LARGE'
    ? conflict('It changes more than the log takes at once', [
        detail('version', 'TOO_LARGE', 'Take a nearer version, or change the resources one by one'),
      ])
    : undefined;

/** Write routes that take a workspace, or one resource of it, back to how it was. */
export function rewindCommands(deps: RewindDeps): Route[] {
  const { handlers, clock } = deps;

  async function run(
    request: VersionRequest,
    prepare: (workspaceId: string, version: number, at: string) => Promise<Prepared>,
  ): Promise<HandlerResult> {
    const { workspace_id, version } = request.params;
    const place = await placeOf(deps, request, 'workspace', workspace_id);
    const stream = streams.workspace(workspace_id);
    const newest = await newestAt(deps, workspace_id);
    const { command, sourceRevision } = await prepare(workspace_id, Number(version), timestamp(clock.now()));
    const shown = (facts: readonly Fact[], dry_run: boolean): unknown => ({
      dry_run,
      changes: facts.flatMap(shownOf),
    });
    if (request.query.dry_run === true) {
      const facts = await handlers.workspace.consult(stream, (state) => {
        if (!state.workspace) {
          throw notFound('workspace');
        }
        return decideRewind(command, state);
      });
      return { body: shown(facts, true) };
    }
    const { dry_run: _, ...single } = request.query;
    const asked = contextOf(request, deps, place);
    // One key is one change: with another part of the version it is another request.
    const context =
      Object.keys(single).length === 0
        ? asked
        : { ...asked, digest: digestOf({ path: request.path, ...single }) };
    const outcome = await handlers.workspace
      .run(stream, workspace_id, command, context, () => undefined)
      .catch((error: unknown) => {
        throw tooLarge(error) ?? error;
      });
    let facts = await factsOf(deps, stream, context.commandId, newest);
    if (facts.length === 0 && newest > sourceRevision) {
      // Done before: it stands somewhere behind the version.
      facts = await factsOf(deps, stream, context.commandId, sourceRevision);
    }
    return { ...(await answer(deps, outcome)), body: shown(facts, false) };
  }

  return [
    route({
      method: 'POST',
      path: '/v1/workspaces/{workspace_id}/versions/{version}/undo',
      operationId: 'undoVersion',
      summary:
        'Take back what one version, or one change in it, changed, as a new change; later changes of the same fields refuse it',
      tag: 'History',
      permission: 'version.undo',
      params,
      query: undoQuery,
      success: { status: 200, schema: Rewound },
      idempotent: true,
      handler: (request) =>
        run(request, async (workspaceId, version, at) => {
          const { dry_run: _, ...single } = request.query;
          const { plan, sourceRevision } = await undoAt(deps, workspaceId, version, single);
          return { command: { type: 'undo-version', plan, at }, sourceRevision };
        }),
    }),
    route({
      method: 'POST',
      path: '/v1/workspaces/{workspace_id}/versions/{version}/rollback',
      operationId: 'rollBackToVersion',
      summary: 'Bring the resources of a workspace back to how a version had them, as a new change',
      tag: 'History',
      permission: 'version.roll_back',
      params,
      query: dryRunQuery,
      success: { status: 200, schema: Rewound },
      idempotent: true,
      handler: (request) =>
        run(request, async (workspaceId, version, at) => {
          const { target, sourceRevision } = await targetAt(deps, workspaceId, version);
          return { command: { type: 'roll-back', target, at }, sourceRevision };
        }),
    }),
    ...restoreCommands(deps),
  ];
}
