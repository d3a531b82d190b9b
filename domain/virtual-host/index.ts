// SPDX-License-Identifier: Apache-2.0
import { never, notFound } from '../../kernel/index.js';
import type {
  CreateVirtualHost,
  UpdateVirtualHost,
  VirtualHost,
  WorkspaceFact,
} from '../../schemas/index.js';
import { refuseKnown } from '../fresh.js';
import { changedFields, merged } from '../workspace/changed.js';
import type { WorkspaceState } from '../workspace/state.js';
import { checkVirtualHost } from './check.js';
import { refuseConflicts } from './conflicts.js';
import { completeLocation, joinNames } from './input.js';

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
  | { readonly type: 'delete-virtual-host'; readonly id: string; readonly at: string };

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
      const { server_name, locations, ...rest } = command.body;
      const next = merged(current, {
        ...rest,
        server_name: server_name === undefined ? undefined : joinNames(server_name),
        locations: locations?.map(completeLocation),
      });
      const changed = changedFields(current, next);
      if (changed.length === 0) {
        return [];
      }
      checkVirtualHost(next, state);
      refuseConflicts(next, state);
      return [
        {
          type: 'virtual_host.updated',
          data: { virtual_host: { ...next, updated_at: command.at }, changed },
        },
      ];
    }
    case 'delete-virtual-host': {
      const { id, name } = existing(command.id, state);
      return [{ type: 'virtual_host.deleted', data: { virtual_host_id: id, name, at: command.at } }];
    }
    default:
      return never(command, 'command of a virtual host');
  }
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
    listen_port: body.listen_port ?? (ssl ? 443 : 80),
    ssl_enabled: ssl,
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
