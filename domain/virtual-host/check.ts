import { detail, type ErrorDetail, invalid, never } from '../../kernel/index.js';
import {
  checkCustomDirective,
  checkHeader,
  checkLocationPath,
  checkProxyPass,
  checkRewrite,
  checkSelector,
  checkServerName,
} from '../../nginx/index.js';
import type { CustomDirective, Location, TargetAgents, VirtualHost } from '../../schemas/index.js';
import { problemDetail } from '../problem.js';
import type { WorkspaceState } from '../workspace/state.js';

/** What nginx refuses of a host, and references to what the workspace does not have, as errors of its fields. */
export function checkVirtualHost(host: VirtualHost, state: WorkspaceState): void {
  const problems = [
    ...nameProblems(host),
    ...tlsProblems(host, state),
    ...host.locations.flatMap((location, index) => locationProblems(location, `locations[${index}]`, state)),
    ...duplicatePaths(host),
    ...directiveProblems('server', host.custom_directives, 'custom_directives'),
    ...targetProblems(host.target_agents, state),
  ];
  if (problems.length > 0) {
    throw invalid(problems.slice(0, 50));
  }
}

function nameProblems({ server_name }: VirtualHost): ErrorDetail[] {
  const names = server_name.split(' ').filter((name) => name !== '');
  if (names.length === 0) {
    return [detail('server_name', 'REQUIRED', 'Must name at least one server')];
  }
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  return [
    ...names.flatMap((name) => problemDetail('server_name', checkServerName(name))),
    ...(twice === undefined ? [] : [detail('server_name', 'DUPLICATE', `${twice} stands twice`)]),
  ];
}

function tlsProblems(host: VirtualHost, state: WorkspaceState): ErrorDetail[] {
  const problems: ErrorDetail[] = [];
  const certificateId = host.ssl_certificate_id;
  if (certificateId !== null && !state.certificates.has(certificateId)) {
    problems.push(detail('ssl_certificate_id', 'UNKNOWN_REFERENCE', 'No such certificate in this workspace'));
  }
  if (host.ssl_enabled && certificateId === null) {
    problems.push(detail('ssl_certificate_id', 'REQUIRED', 'TLS needs a certificate'));
  }
  for (const field of ['http2_enabled', 'http3_enabled'] as const) {
    if (host[field] && !host.ssl_enabled) {
      problems.push(detail(field, 'INVALID_VALUE', 'Needs ssl_enabled'));
    }
  }
  return problems;
}

const ACTIONS = ['upstream_id', 'proxy_pass', 'root'] as const;

function locationProblems(location: Location, at: string, state: WorkspaceState): ErrorDetail[] {
  const problems = problemDetail(`${at}.path`, checkLocationPath(location.path));
  const [first, second] = ACTIONS.filter((action) => location[action] !== null);
  if (first !== undefined && second !== undefined) {
    problems.push(detail(`${at}.${second}`, 'INVALID_VALUE', `Excludes ${first}: a location has one action`));
  }
  const otherAction = location.rewrite_rules.length > 0 || location.custom_directives.length > 0;
  if (first === undefined && !otherAction) {
    problems.push(detail(at, 'REQUIRED', 'Needs one of upstream_id, proxy_pass, root or rewrite_rules'));
  }
  if (location.upstream_id !== null && !state.upstreams.has(location.upstream_id)) {
    problems.push(detail(`${at}.upstream_id`, 'UNKNOWN_REFERENCE', 'No such upstream in this workspace'));
  }
  if (location.proxy_pass !== null) {
    problems.push(...problemDetail(`${at}.proxy_pass`, checkProxyPass(location.proxy_pass)));
  }
  if (location.index !== null && location.root === null) {
    problems.push(detail(`${at}.index`, 'INVALID_VALUE', 'Needs root'));
  }
  location.custom_headers.forEach((header, index) => {
    problems.push(...problemDetail(`${at}.custom_headers[${index}].value`, checkHeader(header)));
    if (header.applies_to === 'request' && location.root !== null) {
      problems.push(
        detail(
          `${at}.custom_headers[${index}].applies_to`,
          'INVALID_VALUE',
          'Files have no upstream to send it to',
        ),
      );
    }
  });
  location.rewrite_rules.forEach((rule, index) => {
    problems.push(...problemDetail(`${at}.rewrite_rules[${index}].pattern`, checkRewrite(rule)));
  });
  return [
    ...problems,
    ...directiveProblems('location', location.custom_directives, `${at}.custom_directives`),
  ];
}

function duplicatePaths({ locations }: VirtualHost): ErrorDetail[] {
  const seen = new Set<string>();
  return locations.flatMap(({ path }, index) => {
    const twice = seen.has(path);
    seen.add(path);
    return twice ? [detail(`locations[${index}].path`, 'DUPLICATE', 'Another location has this path')] : [];
  });
}

const directiveProblems = (
  context: 'server' | 'location',
  directives: readonly CustomDirective[],
  at: string,
): ErrorDetail[] =>
  directives.flatMap(({ directive, args }, index) =>
    problemDetail(`${at}[${index}]`, checkCustomDirective(context, directive, args)),
  );

function targetProblems(target: TargetAgents, state: WorkspaceState): ErrorDetail[] {
  switch (target.type) {
    case 'all':
      return [];
    case 'selector':
      return problemDetail('target_agents.label_selector', checkSelector(target.label_selector));
    case 'list':
      return target.agent_ids.flatMap((id, index) =>
        state.agents.has(id)
          ? []
          : [
              detail(
                `target_agents.agent_ids[${index}]`,
                'UNKNOWN_REFERENCE',
                'No such agent in this workspace',
              ),
            ],
      );
    default:
      return never(target, 'target');
  }
}
