// SPDX-License-Identifier: Apache-2.0
import { type Action, pageAnswer, pageOf, type Route, route, windowOf } from '../http/index.js';
import { notFound } from '../kernel/index.js';
import type { Models } from '../projections/index.js';
import type { TSchema } from '../schemas/index.js';
import { listAtQuery, readAtQuery } from './history/at.js';
import type { PastScope } from './history/scope.js';
import { revisionOf } from './present.js';
import type { ReadRequest, Scope, Scoped } from './scope.js';

/** Parts of a resource that are read one by one. Their `ETag` is the parent's. */
interface PartQueries<N extends 'upstreams' | 'virtual_hosts', Part> {
  readonly kind: 'upstream' | 'virtual_host';
  readonly collection: N;
  readonly plural: string;
  readonly idName: string;
  readonly parts: string;
  readonly title: string;
  readonly tag: string;
  readonly permission: Action;
  readonly key: string;
  readonly keySchema: TSchema;
  readonly schema: TSchema;
  readonly select: (doc: Scoped<Models[N]>) => readonly Part[];
  readonly isNamed: (part: Part, key: string) => boolean;
}

export function partQueries<N extends 'upstreams' | 'virtual_hosts', Part>(
  { scope, past }: { readonly scope: Scope; readonly past: PastScope },
  spec: PartQueries<N, Part>,
): Route[] {
  const path = `/v1/${spec.plural}/{${spec.idName}}/${spec.parts}`;
  const parentOf = async (request: ReadRequest & { params: unknown }): Promise<Scoped<Models[N]>> => {
    const id = (request.params as Record<string, string>)[spec.idName] ?? '';
    const then = await past.standing(request, spec.kind, id);
    return (then as Scoped<Models[N]> | undefined) ?? scope.one(request, spec.collection, id);
  };
  const common = { tag: spec.tag, permission: spec.permission } as const;
  return [
    route({
      ...common,
      method: 'GET',
      path,
      operationId: `list${spec.title}s`,
      summary: `List the ${spec.parts} of one of the ${spec.plural.replace('-', ' ')}, in their order`,
      query: listAtQuery,
      success: { status: 200, schema: pageOf(spec.schema) },
      handler: async (request) => {
        const doc = await parentOf(request);
        const { after: _, ...query } = request.query;
        const window = windowOf(query);
        const parts = spec.select(doc);
        const items = parts.slice(window.offset, window.offset + window.perPage);
        return {
          ...pageAnswer({ path: request.path, query }, window, { items, total: parts.length }),
          revision: revisionOf(doc),
        };
      },
    }),
    route({
      ...common,
      method: 'GET',
      path: `${path}/{${spec.key}}`,
      operationId: `get${spec.title}`,
      summary: `Get one of the ${spec.parts}`,
      params: { [spec.key]: spec.keySchema },
      query: readAtQuery,
      success: { status: 200, schema: spec.schema },
      handler: async (request) => {
        const params = request.params as Record<string, string>;
        const doc = await parentOf(request);
        const part = spec.select(doc).find((one) => spec.isNamed(one, params[spec.key] ?? ''));
        if (!part) {
          throw notFound('Resource');
        }
        return { body: part, revision: revisionOf(doc) };
      },
    }),
  ];
}
