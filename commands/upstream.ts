// SPDX-License-Identifier: Apache-2.0
import type { Route } from '../http/index.js';
import { CreateUpstream, UpdateUpstream, Upstream } from '../schemas/index.js';
import type { CommandDeps } from './request.js';
import { resourceCommands } from './resource.js';

/** Write routes of upstreams. */
export const upstreamCommands = (deps: CommandDeps): Route[] =>
  resourceCommands(deps, {
    kind: 'upstream',
    title: 'Upstream',
    plural: 'upstreams',
    tag: 'Upstreams',
    permissions: { create: 'upstream.create', update: 'upstream.update', remove: 'upstream.delete' },
    createBody: CreateUpstream,
    updateBody: UpdateUpstream,
    schema: Upstream,
    create: (id, body, at) => ({ type: 'create-upstream', id, body, at }),
    update: (id, body, at) => ({ type: 'update-upstream', id, body, at }),
    remove: (id, at) => ({ type: 'delete-upstream', id, at }),
    select: (state, id) => state.upstreams.get(id),
  });
