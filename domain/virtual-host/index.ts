// SPDX-License-Identifier: Apache-2.0
import { never, notFound } from '../../kernel/index.js';
import type {
  CreateVirtualHost,
  UpdateVirtualHost,
  VirtualHost,
  WorkspaceFact,
} from '../../schemas/index.js';
import { refuseKnown } from '../fresh.js';
import { inPart } from '../part.js';
import { changedFields, merged, withDefaults } from '../workspace/changed.js';
import type { WorkspaceState } from '../workspace/state.js';
import { checkVirtualHost } from './check.js';
import { refuseConflicts } from './conflicts.js';
import { completeListen, completeLocation, joinNames } from './input.js';
import { changedLocations, type LocationCommand } from './locations.js';

/** `at` is RFC 3339. */
export type VirtualHostCommand =
  | {
      readonly type: 'create-virtual-host';
      readonly id: string;
      readonly body: CreateVirtualHost;
      readonly at: string;
    }
  | {
      readonly type: 'update-virtual-host';
      readonly id: string;
      readonly body: UpdateVirtualHost;
      readonly at: string;
    }
  | { readonly type: 'delete-virtual-host'; readonly id: string; readonly at: string }
  | LocationCommand;

/** What a host has of which nothing is said. */
const HOST = {
  ssl_enabled: false,
  listens: [],
  http2_enabled: false,
  http3_enabled: false,
  locations: [],
  custom_directives: [],
  target_agents: { type: 'all' as const },
};

const usualPort = (ssl: boolean): number => (ssl ? 443 : 80);

export function decideVirtualHost(
  command: VirtualHostCommand,
  state: WorkspaceState,
): readonly WorkspaceFact[] {
  switch (command.type) {
    case 'create-virtual-host': {
      refuseKnown(state.virtualHosts, command.id);
      const host = create(command, state);
      checkVirtualHost(host, state);
      refuseConflicts(host, state);
      return [{ type: 'virtual_host.created', data: { virtual_host: host } }];
    }
    case 'update-virtual-host': {
      const current = existing(command.id, state);
      const { ssl_enabled } = command.body;
      const ssl = ssl_enabled === undefined ? current.ssl_enabled : (ssl_enabled ?? false);
      const given = withDefaults(command.body, { ...HOST, listen_port: usualPort(ssl) });
      const { server_name, listens, locations, ...rest } = given;
      const next = merged(current, {
        ...rest,
        server_name: server_name === undefined ? undefined : joinNames(server_name),
        listens: listens?.map(completeListen),
        locations: locations?.map(completeLocation),
      });
      return updated(current, next, command.at, state);
    }
    case 'add-location':
    case 'update-location':
    case 'remove-location': {
      const current = existing(command.id, state);
      const { locations, path } = changedLocations(command, current);
      const next = { ...current, locations };
      const index = locations.findIndex((one) => one.path === path);
      return inPart(`locations[${index}]`, () => updated(current, next, command.at, state));
    }
    case 'delete-virtual-host': {
      const { id, name } = existing(command.id, state);
      return [{ type: 'virtual_host.deleted', data: { virtual_host_id: id, name, at: command.at } }];
    }
    default:
      return never(command, 'command of a virtual host');
  }
}

function updated(
  current: VirtualHost,
  next: VirtualHost,
  at: string,
  state: WorkspaceState,
): readonly WorkspaceFact[] {
  const changed = changedFields(current, next);
  if (changed.length === 0) {
    return [];
  }
  checkVirtualHost(next, state);
  refuseConflicts(next, state);
  return [{ type: 'virtual_host.updated', data: { virtual_host: { ...next, updated_at: at }, changed } }];
}

function create(
  { id, body, at }: Extract<VirtualHostCommand, { type: 'create-virtual-host' }>,
  state: WorkspaceState,
): VirtualHost {
  const ssl = body.ssl_enabled ?? false;
  return {
    id,
    workspace_id: state.workspace?.id ?? '',
    name: body.name,
    server_name: joinNames(body.server_name),
    listen_port: body.listen_port ?? usualPort(ssl),
    ssl_enabled: ssl,
    listens: (body.listens ?? []).map(completeListen),
    ssl_certificate_id: body.ssl_certificate_id ?? null,
    http2_enabled: body.http2_enabled ?? false,
    http3_enabled: body.http3_enabled ?? false,
    locations: (body.locations ?? []).map(completeLocation),
    custom_directives: body.custom_directives ?? [],
    target_agents: body.target_agents ?? { type: 'all' },
    created_at: at,
    updated_at: at,
  };
}

function existing(id: string, state: WorkspaceState): VirtualHost {
  const host = state.virtualHosts.get(id);
  if (!host) {
    throw notFound('virtual host');
  }
  return host;
}
