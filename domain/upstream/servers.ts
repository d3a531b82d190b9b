// SPDX-License-Identifier: Apache-2.0
import { conflict, detail, never, notFound } from '../../kernel/index.js';
import type {
  AddUpstreamServer,
  UpdateUpstreamServer,
  Upstream,
  UpstreamServer,
} from '../../schemas/index.js';
import { merged, withDefaults } from '../workspace/changed.js';

/** One server of an upstream by its address, without regard to case; `at` is RFC 3339. */
export type UpstreamServerCommand =
  | {
      readonly type: 'add-upstream-server';
      readonly id: string;
      readonly body: AddUpstreamServer;
      readonly at: string;
    }
  | {
      readonly type: 'update-upstream-server';
      readonly id: string;
      readonly address: string;
      readonly body: UpdateUpstreamServer;
      readonly at: string;
    }
  | {
      readonly type: 'remove-upstream-server';
      readonly id: string;
      readonly address: string;
      readonly at: string;
    };

/** nginx's own defaults for a server of an upstream. */
const SERVER = { weight: 1, backup: false, down: false, max_fails: 1, fail_timeout: 10 };

export const completeServer = (server: AddUpstreamServer): UpstreamServer =>
  merged({ ...SERVER, address: server.address }, server);

/** The upstream's servers after the command, and the place of the one that it is about. */
export function changedServers(
  command: UpstreamServerCommand,
  { servers }: Upstream,
): { readonly servers: UpstreamServer[]; readonly index: number } {
  switch (command.type) {
    case 'add-upstream-server':
      refuseTaken(servers, command.body.address);
      return { servers: [...servers, completeServer(command.body)], index: servers.length };
    case 'update-upstream-server': {
      const index = indexOf(servers, command.address);
      const { address = command.address } = command.body;
      if (!sameAddress(address, command.address)) {
        refuseTaken(servers, address);
      }
      const next = merged(servers[index] as UpstreamServer, withDefaults(command.body, SERVER));
      return { servers: servers.with(index, next), index };
    }
    case 'remove-upstream-server': {
      const index = indexOf(servers, command.address);
      return { servers: servers.toSpliced(index, 1), index };
    }
    default:
      return never(command, 'command of a server');
  }
}

export const sameAddress = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

/** nginx takes one address several times; then it says which server is meant no more. */
function indexOf(servers: readonly UpstreamServer[], address: string): number {
  const index = servers.findIndex((one) => sameAddress(one.address, address));
  if (index < 0) {
    throw notFound('server');
  }
  if (servers.filter((one) => sameAddress(one.address, address)).length > 1) {
    throw conflict('Several servers have this address', [
      detail('address', 'DUPLICATE', 'Change them as the list `servers` of the upstream'),
    ]);
  }
  return index;
}

function refuseTaken(servers: readonly UpstreamServer[], address: string): void {
  if (servers.some((one) => sameAddress(one.address, address))) {
    throw conflict('The address is taken', [
      detail('address', 'DUPLICATE', 'Another server has this address'),
    ]);
  }
}
