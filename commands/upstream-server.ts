// SPDX-License-Identifier: Apache-2.0
import { sameAddress } from '../domain/index.js';
import type { Route } from '../http/index.js';
import { AddUpstreamServer, ServerAddress, UpdateUpstreamServer, UpstreamServer } from '../schemas/index.js';
import { partCommands } from './part.js';
import type { CommandDeps } from './request.js';

/** Write routes of single servers of an upstream, which their addresses name. */
export const upstreamServerCommands = (deps: CommandDeps): Route[] =>
  partCommands(deps, {
    parent: 'upstream',
    plural: 'upstreams',
    parts: 'servers',
    title: 'UpstreamServer',
    tag: 'Upstreams',
    permission: 'upstream.update',
    key: 'server_address',
    keySchema: ServerAddress,
    addBody: AddUpstreamServer,
    updateBody: UpdateUpstreamServer,
    schema: UpstreamServer,
    add: (id, body, at) => ({ type: 'add-upstream-server', id, body, at }),
    update: (id, address, body, at) => ({ type: 'update-upstream-server', id, address, body, at }),
    remove: (id, address, at) => ({ type: 'remove-upstream-server', id, address, at }),
    keyOf: ({ address }) => address,
    select: (state, id, key) =>
      state.upstreams.get(id)?.servers.find(({ address }) => sameAddress(address, key)),
  });
