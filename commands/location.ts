// SPDX-License-Identifier: Apache-2.0
import type { Route } from '../http/index.js';
import { AddLocation, Location, UpdateLocation, UrlPath } from '../schemas/index.js';
import { partCommands } from './part.js';
import type { CommandDeps } from './request.js';

/** Write routes of single locations of a virtual host, which their paths name. */
export const locationCommands = (deps: CommandDeps): Route[] =>
  partCommands(deps, {
    parent: 'virtual_host',
    plural: 'virtual-hosts',
    parts: 'locations',
    title: 'Location',
    tag: 'Virtual hosts',
    permission: 'virtual_host.update',
    key: 'location_path',
    keySchema: UrlPath,
    addBody: AddLocation,
    updateBody: UpdateLocation,
    schema: Location,
    add: (id, body, at) => ({ type: 'add-location', id, body, at }),
    update: (id, path, body, at) => ({ type: 'update-location', id, path, body, at }),
    remove: (id, path, at) => ({ type: 'remove-location', id, path, at }),
    keyOf: ({ path }) => path,
    select: (state, id, key) => state.virtualHosts.get(id)?.locations.find(({ path }) => path === key),
  });
