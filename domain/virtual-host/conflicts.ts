// SPDX-License-Identifier: Apache-2.0
import { conflict, detail, type ErrorDetail } from '../../kernel/index.js';
import type { EnrolledAgent, TargetAgents, VirtualHost } from '../../schemas/index.js';
import { keyMatches, targetKey } from '../config/targets.js';
import { claimsOf, nameClaims, portClaim, portsOf, type WorkspaceState } from '../workspace/state.js';

const MAX_DETAILS = 50;

/**
 * nginx answers for one of two servers of the same name and port, and only warns. So no agent may get both.
 * Two selectors overlap unless they contradict each other, whatever agents there are now: enrolling an agent must
 * not fail because of them. A list overlaps a selector where a listed agent has the labels now; a later change of its
 * labels is checked then.
 */
export function refuseConflicts(host: VirtualHost, state: WorkspaceState): void {
  const rivalOf = (claim: string): VirtualHost | undefined =>
    holders(claim, state).find(
      (other) => other.id !== host.id && overlap(host.target_agents, other.target_agents, state),
    );
  const problems = nameClaims(host).flatMap((claim) => {
    const rival = rivalOf(claim);
    const [port, name] = claim.split(' ');
    return rival
      ? [detail('server_name', 'DUPLICATE', `${name} on port ${port} is taken by ${label(rival)}`)]
      : [];
  });
  for (const { port, ssl, field } of portsOf(host)) {
    const rival = rivalOf(portClaim(port, !ssl));
    if (rival) {
      problems.push(detail(field, 'CONFLICT', `${ssl ? 'Plain HTTP' : 'TLS'} in ${label(rival)}`));
    }
  }
  if (problems.length > 0) {
    throw conflict(
      'Another virtual host of the same agents stands in the way',
      problems.slice(0, MAX_DETAILS),
    );
  }
}

const holders = (claim: string, state: WorkspaceState): VirtualHost[] =>
  [...(state.claims.get(claim) ?? [])].flatMap((id) => state.virtualHosts.get(id) ?? []);

const label = (host: VirtualHost): string => `virtual host ${host.name} (${host.id})`;

function overlap(a: TargetAgents, b: TargetAgents, state: WorkspaceState): boolean {
  if (a.type === 'all' || b.type === 'all') {
    return true;
  }
  if (a.type === 'selector' && b.type === 'selector') {
    const wanted = pairs(a.label_selector);
    return [...pairs(b.label_selector)].every(([key, value]) => (wanted.get(key) ?? value) === value);
  }
  const [list, other] = a.type === 'list' ? [a, b] : [b, a];
  const key = targetKey(other);
  return (
    list.type === 'list' &&
    list.agent_ids.some((id) => keyMatches(key, id, state.agents.get(id)?.agent.labels ?? {}))
  );
}

const pairs = (selector: string): Map<string, string> =>
  new Map(
    selector.split(',').map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
  );

/** Hosts that would exclude each other on this agent if it had these labels. */
export function labelClashes(agent: EnrolledAgent, state: WorkspaceState): ErrorDetail[] {
  const taken = new Map<string, VirtualHost>();
  const problems: ErrorDetail[] = [];
  for (const host of state.virtualHosts.values()) {
    if (!keyMatches(targetKey(host.target_agents), agent.id, agent.labels)) {
      continue;
    }
    const opposite = portsOf(host).map(({ port, ssl }) => portClaim(port, !ssl));
    const rivals = [...nameClaims(host), ...opposite].flatMap((claim) => taken.get(claim) ?? []);
    problems.push(
      ...rivals.map((rival) => detail('labels', 'CONFLICT', `${label(rival)} and ${label(host)}`)),
    );
    for (const claim of claimsOf(host)) {
      taken.set(claim, host);
    }
  }
  return problems.slice(0, 20);
}
