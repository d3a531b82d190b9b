// SPDX-License-Identifier: Apache-2.0
import type { Route } from '../http/index.js';
import { CreateVirtualHost, UpdateVirtualHost, VirtualHost } from '../schemas/index.js';
import type { CommandDeps } from './request.js';
import { resourceCommands } from './resource.js';

/** Write routes of virtual hosts. */
export const virtualHostCommands = (deps: CommandDeps): Route[] =>
  resourceCommands(deps, {
    kind: 'virtual_host',
    title: 'VirtualHost',
    plural: 'virtual-hosts',
    tag: 'Virtual hosts',
    permissions: {
      create: 'virtual_host.create',
      update: 'virtual_host.update',
      remove: 'virtual_host.delete',
    },
    createBody: CreateVirtualHost,
    updateBody: UpdateVirtualHost,
    schema: VirtualHost,
    create: (id, body, at) => ({ type: 'create-virtual-host', id, body, at }),
    update: (id, body, at) => ({ type: 'update-virtual-host', id, body, at }),
    remove: (id, at) => ({ type: 'delete-virtual-host', id, at }),
    select: (state, id) => state.virtualHosts.get(id),
  });
