// SPDX-License-Identifier: Apache-2.0
import { conflict, detail, NxError } from '../../kernel/index.js';
import type { VirtualHost, WorkspaceFact } from '../../schemas/index.js';
import { checkUpstream } from '../upstream/check.js';
import { checkVirtualHost } from '../virtual-host/check.js';
import { labelClashes, refuseConflicts } from '../virtual-host/conflicts.js';
import type { WorkspaceState } from '../workspace/state.js';
import { titleOf } from './change.js';

/** Refusals name the resource: the caller has sent none. */
function naming(title: string, ask: () => void): void {
  try {
    ask();
  } catch (error) {
    if (!(error instanceof NxError)) {
      throw error;
    }
    throw conflict(
      'What it would come to is not possible',
      error.details.map(({ field, code, message }) => detail(field, code, `${title}: ${message}`)),
    );
  }
}

/** The rules of one fact, on the state that all of them come to. */
export function check(fact: WorkspaceFact, after: WorkspaceState): void {
  switch (fact.type) {
    case 'upstream.created':
    case 'upstream.updated': {
      const { upstream } = fact.data;
      naming(titleOf('upstream', upstream, upstream.id), () => checkUpstream(upstream, after));
      return;
    }
    case 'virtual_host.created':
    case 'virtual_host.updated': {
      const { virtual_host: host } = fact.data;
      naming(titleOf('virtual_host', host, host.id), () => {
        checkVirtualHost(host, after);
        refuseConflicts(host, after);
      });
      return;
    }
    case 'agent.updated': {
      const clashes = labelClashes(fact.data.agent, after);
      if (clashes.length > 0) {
        throw conflict(
          'With these labels the agent would get virtual hosts that exclude each other',
          clashes,
        );
      }
      return;
    }
    case 'upstream.deleted':
      unused(fact.data.name, fact.data.upstream_id, after, (host, id) =>
        host.locations.some(({ upstream_id }) => upstream_id === id),
      );
      return;
    case 'certificate.deleted':
      unused(fact.data.domain, fact.data.certificate_id, after, (host, id) => host.ssl_certificate_id === id);
      return;
    default:
  }
}

function unused(
  name: string,
  id: string,
  after: WorkspaceState,
  uses: (host: VirtualHost, id: string) => boolean,
): void {
  const users = [...after.virtualHosts.values()].filter((host) => uses(host, id));
  if (users.length > 0) {
    throw conflict(
      `${name} is in use`,
      users.slice(0, 20).map((host) => detail('id', 'IN_USE', `virtual host ${host.name} (${host.id})`)),
    );
  }
}
