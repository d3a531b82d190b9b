// SPDX-License-Identifier: Apache-2.0
import { decideRewind, type RewindCommand } from '../../domain/index.js';
import { type Action, type Route, route } from '../../http/index.js';
import { notFound, streams, timestamp } from '../../kernel/index.js';
import { closed, Type, Upstream, VirtualHost } from '../../schemas/index.js';
import { answer, type CommandDeps, contextOf, placeOf } from '../request.js';

type Restorable = 'upstream' | 'virtual_host';

export interface RestoreDeps {
  /** A resource as it stood last, also when it is gone; undefined when it never was. Answered by the read models. */
  readonly lastOf: (kind: Restorable, id: string) => Promise<object | undefined>;
}

const query = closed({ dry_run: Type.Optional(Type.Boolean()) });

function restoreRoute(
  deps: CommandDeps & RestoreDeps,
  spec: {
    readonly kind: Restorable;
    readonly title: string;
    readonly plural: string;
    readonly permission: Action;
    readonly schema: typeof Upstream | typeof VirtualHost;
  },
): Route {
  const { handlers, clock, lastOf } = deps;
  const { kind } = spec;
  const idName = `${kind}_id`;
  const name = kind.replace('_', ' ');
  return route({
    method: 'POST',
    path: `/v1/${spec.plural}/{${idName}}/restore`,
    operationId: `restore${spec.title}`,
    summary: `Bring a deleted resource of kind ${name} back under its id, as it stood last`,
    tag: 'History',
    permission: spec.permission,
    query,
    success: { status: 200, schema: spec.schema },
    idempotent: true,
    handler: async (request) => {
      const id = (request.params as Record<string, string>)[idName] ?? '';
      const place = await placeOf(deps, request, kind, id);
      const last = await lastOf(kind, id);
      if (!last) {
        throw notFound(name);
      }
      const stream = streams.workspace(place.workspaceId);
      const at = timestamp(clock.now());
      const command: RewindCommand = { type: 'apply-changes', changes: [{ kind, id, put: last }], at };
      if (request.query.dry_run === true) {
        await handlers.workspace.consult(stream, (state) => {
          if (!state.workspace) {
            throw notFound('workspace');
          }
          return decideRewind(command, state);
        });
        return { body: { ...last, updated_at: at } };
      }
      const context = contextOf(request, deps, place);
      const outcome = await handlers.workspace.run(stream, id, command, context, (state) =>
        kind === 'upstream' ? state.upstreams.get(id) : state.virtualHosts.get(id),
      );
      return answer(deps, outcome);
    },
  });
}

export const restoreCommands = (deps: CommandDeps & RestoreDeps): Route[] => [
  restoreRoute(deps, {
    kind: 'upstream',
    title: 'Upstream',
    plural: 'upstreams',
    permission: 'upstream.create',
    schema: Upstream,
  }),
  restoreRoute(deps, {
    kind: 'virtual_host',
    title: 'VirtualHost',
    plural: 'virtual-hosts',
    permission: 'virtual_host.create',
    schema: VirtualHost,
  }),
];
