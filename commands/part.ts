// SPDX-License-Identifier: Apache-2.0
import type { WorkspaceCommand, WorkspaceState } from '../domain/index.js';
import { type Action, type Route, route } from '../http/index.js';
import { streams, timestamp } from '../kernel/index.js';
import type { Static, TSchema } from '../schemas/index.js';
import { answer, type CommandDeps, contextOf, placeOf } from './request.js';

/** Parts of a resource that are changed one by one, as their three write routes need them. */
export interface PartSpec<Add extends TSchema, Update extends TSchema> {
  readonly parent: 'upstream' | 'virtual_host';
  /** Path of the parents' collection, and of the parts in one. */
  readonly plural: string;
  readonly parts: string;
  /** For operation ids: `Location`. */
  readonly title: string;
  readonly tag: string;
  readonly permission: Action;
  /** The path's parameter that names a part, and its schema. */
  readonly key: string;
  readonly keySchema: TSchema;
  readonly addBody: Add;
  readonly updateBody: Update;
  readonly schema: TSchema;
  readonly add: (id: string, body: Static<Add>, at: string) => WorkspaceCommand;
  readonly update: (id: string, key: string, body: Static<Update>, at: string) => WorkspaceCommand;
  readonly remove: (id: string, key: string, at: string) => WorkspaceCommand;
  /** The key that a body gives a part. */
  readonly keyOf: (body: Static<Add> | Static<Update>) => string | undefined;
  readonly select: (state: WorkspaceState, id: string, key: string) => unknown;
}

/**
 * POST, PATCH and DELETE of one part: commands on the parent, decided on its newest state, so that two people who change
 * two parts at once lose nothing. `If-Match` and `ETag` are the parent's.
 */
export function partCommands<Add extends TSchema, Update extends TSchema>(
  deps: CommandDeps,
  spec: PartSpec<Add, Update>,
): Route[] {
  const { handlers, clock } = deps;
  const idName = `${spec.parent}_id`;
  const name = spec.title.replaceAll(/(?<=.)([A-Z])/g, ' $1').toLowerCase();
  const collection = `/v1/${spec.plural}/{${idName}}/${spec.parts}`;
  const common = {
    tag: spec.tag,
    permission: spec.permission,
    errors: ['CONFLICT'],
    idempotent: true,
  } as const;
  const one = { ...common, path: `${collection}/{${spec.key}}`, params: { [spec.key]: spec.keySchema } };
  const now = (): string => timestamp(clock.now());

  type Request = Parameters<Route['handler']>[0];
  const param = (request: Request, of: string): string =>
    (request.params as Record<string, string>)[of] ?? '';

  async function run(
    request: Request,
    command: (id: string) => WorkspaceCommand,
    present: (state: WorkspaceState, id: string) => unknown,
  ) {
    const id = param(request, idName);
    const place = await placeOf(deps, request, spec.parent, id);
    const outcome = await handlers.workspace.run(
      streams.workspace(place.workspaceId),
      id,
      command(id),
      contextOf(request, deps, place),
      (state) => present(state, id),
    );
    return answer(deps, outcome);
  }
  const keyOf = (request: Request): string => param(request, spec.key);

  return [
    route({
      ...common,
      method: 'POST',
      path: collection,
      operationId: `add${spec.title}`,
      summary: `Add one ${name}; the ETag is that of the ${spec.parent.replace('_', ' ')}`,
      body: spec.addBody,
      success: { status: 201, schema: spec.schema },
      ifMatch: true,
      handler: (request) =>
        run(
          request,
          (id) => spec.add(id, request.body, now()),
          (state, id) => spec.select(state, id, spec.keyOf(request.body) ?? ''),
        ),
    }),
    route({
      ...one,
      method: 'PATCH',
      operationId: `update${spec.title}`,
      summary: `Change one ${name}; null takes a field away`,
      body: spec.updateBody,
      success: { status: 200, schema: spec.schema },
      handler: (request) =>
        run(
          request,
          (id) => spec.update(id, keyOf(request), request.body, now()),
          (state, id) => spec.select(state, id, spec.keyOf(request.body) ?? keyOf(request)),
        ),
    }),
    route({
      ...one,
      method: 'DELETE',
      operationId: `remove${spec.title}`,
      summary: `Take one ${name} away`,
      success: { status: 204 },
      handler: (request) =>
        run(
          request,
          (id) => spec.remove(id, keyOf(request), now()),
          () => undefined,
        ),
    }),
  ];
}
