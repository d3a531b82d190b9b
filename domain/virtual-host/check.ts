// SPDX-License-Identifier: Apache-2.0
import { detail, type ErrorDetail, invalid } from '../../kernel/index.js';
import { checkHost, speaksTls } from '../../nginx/index.js';
import type { Location, TargetAgents, VirtualHost } from '../../schemas/index.js';
import { covers } from '../certificate/covers.js';
import type { WorkspaceState } from '../workspace/state.js';

const MAX_DETAILS = 50;
const MAX_LOCATIONS = 256;

/** What nginx refuses of a host, and references to what the workspace does not have, as errors of its fields. */
export function checkVirtualHost(host: VirtualHost, state: WorkspaceState): void {
  const problems = [
    ...(host.locations.length > MAX_LOCATIONS
      ? [detail('locations', 'TOO_LONG', `Must have at most ${MAX_LOCATIONS}`)]
      : []),
    ...checkHost(host),
    ...protocolProblems(host),
    ...certificateProblems(host, state),
    ...host.locations.flatMap((location, index) => locationProblems(location, `locations[${index}]`, state)),
    ...targetProblems(host.target_agents, state),
  ];
  if (problems.length > 0) {
    throw invalid(problems.slice(0, MAX_DETAILS));
  }
}

// Before nginx 1.25 a plain port with http2 does not answer HTTP/1.1 any more.
const protocolProblems = (host: VirtualHost): ErrorDetail[] =>
  host.http2_enabled && !speaksTls(host)
    ? [detail('http2_enabled', 'CONFLICTING_FIELDS', 'HTTP/2 needs TLS')]
    : [];

const unknown = (field: string, what: string): ErrorDetail =>
  detail(field, 'UNKNOWN_REFERENCE', `No such ${what} in this workspace`);

const MAX_NAMED = 5;

/** A browser turns away from a certificate for other names, so a host never gets one. */
function certificateProblems(host: VirtualHost, state: WorkspaceState): ErrorDetail[] {
  const { ssl_certificate_id: id, server_name } = host;
  const certificate = id === null ? undefined : state.certificates.get(id);
  if (!certificate) {
    return id === null ? [] : [unknown('ssl_certificate_id', 'certificate')];
  }
  if (certificate.fingerprint === null) {
    return [
      detail(
        'ssl_certificate_id',
        'NOT_ISSUED',
        `The certificate is ${certificate.status}: it has not been issued`,
      ),
    ];
  }
  const bare = speaksTls(host)
    ? server_name.split(' ').filter((name) => !covers(certificate.names, name))
    : [];
  if (bare.length === 0) {
    return [];
  }
  const more = bare.length > MAX_NAMED ? ` and ${bare.length - MAX_NAMED} more` : '';
  const names = bare.slice(0, MAX_NAMED).join(', ');
  return [detail('ssl_certificate_id', 'NOT_COVERED', `The certificate is not for ${names}${more}`)];
}

function locationProblems(location: Location, at: string, state: WorkspaceState): ErrorDetail[] {
  const { upstream_id, proxy_pass, root, rewrite_rules, custom_directives, custom_headers } = location;
  const problems: ErrorDetail[] = [];
  const does = [upstream_id, proxy_pass, root].some((action) => action !== null);
  if (!does && rewrite_rules.length === 0 && custom_directives.length === 0) {
    problems.push(detail(at, 'REQUIRED', 'Needs one of upstream_id, proxy_pass, root or rewrite_rules'));
  }
  if (upstream_id !== null && !state.upstreams.has(upstream_id)) {
    problems.push(unknown(`${at}.upstream_id`, 'upstream'));
  }
  custom_headers.forEach(({ applies_to }, index) => {
    if (applies_to === 'request' && root !== null) {
      const field = `${at}.custom_headers[${index}].applies_to`;
      problems.push(detail(field, 'CONFLICTING_FIELDS', 'Files have no upstream to send it to'));
    }
  });
  return problems;
}

const targetProblems = (target: TargetAgents, state: WorkspaceState): ErrorDetail[] =>
  target.type === 'list'
    ? target.agent_ids.flatMap((id, index) =>
        state.agents.has(id) ? [] : [unknown(`target_agents.agent_ids[${index}]`, 'agent')],
      )
    : [];
