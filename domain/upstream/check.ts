// SPDX-License-Identifier: Apache-2.0
import { conflict, detail, invalid } from '../../kernel/index.js';
import { checkUpstream as checkByItself } from '../../nginx/index.js';
import type { Upstream } from '../../schemas/index.js';
import { upstreamClaim, type WorkspaceState } from '../workspace/state.js';

const MAX_SERVERS = 256;

/** What nginx refuses of an upstream, and what the workspace already has, as errors of its fields. */
export function checkUpstream(upstream: Upstream, state: WorkspaceState): void {
  const { interval, timeout } = upstream.health_check;
  const problems = [
    ...(upstream.servers.length > MAX_SERVERS
      ? [detail('servers', 'TOO_LONG', `Must have at most ${MAX_SERVERS}`)]
      : []),
    ...checkByItself(upstream),
    ...(timeout > interval
      ? [detail('health_check.timeout', 'OUT_OF_RANGE', 'Must not be longer than the interval')]
      : []),
  ];
  if (problems.length > 0) {
    throw invalid(problems);
  }
  const holders = state.claims.get(upstreamClaim(upstream.name)) ?? [];
  if ([...holders].some((id) => id !== upstream.id)) {
    throw conflict('The name is taken', [detail('name', 'DUPLICATE', 'Another upstream has this name')]);
  }
}
