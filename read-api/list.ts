// SPDX-License-Identifier: Apache-2.0
import { windowOf } from '../http/index.js';
import type { Models, Page } from '../projections/index.js';
import type { PastScope } from './history/scope.js';
import type { ReadRequest, Scope, Scoped } from './scope.js';

const COLLECTIONS = {
  upstream: 'upstreams',
  virtual_host: 'virtual_hosts',
  certificate: 'certificates',
} as const;
type Kind = keyof typeof COLLECTIONS;

/** A page of the resources of a kind in a workspace, now or `at`; given a value of the field, those that have it. */
export async function listOf<K extends Kind>(
  { scope, past }: { readonly scope: Scope; readonly past: PastScope },
  request: ReadRequest & { readonly params: { readonly workspace_id: string } },
  kind: K,
  field: 'name' | 'domain',
  value: string | undefined,
): Promise<Page<Scoped<Models[(typeof COLLECTIONS)[K]]>>> {
  const id = request.params.workspace_id;
  const then = await past.standingPage(
    request,
    kind as 'upstream',
    id,
    field as 'name',
    (doc) => value === undefined || (doc as Partial<Record<typeof field, string>>)[field] === value,
  );
  if (then) {
    // A resource as it stood has the members of its document.
    return then as unknown as Page<Scoped<Models[(typeof COLLECTIONS)[K]]>>;
  }
  const { offset, perPage: limit } = windowOf(request.query as { page?: number; per_page?: number });
  const where = value === undefined ? {} : { [field]: value };
  return scope.list(request, COLLECTIONS[kind], id, { where, orderBy: field, offset, limit });
}
