// SPDX-License-Identifier: Apache-2.0
import { detail, type ErrorDetail } from '../kernel/index.js';
import { checkAddress } from './address.js';
import { checkBuffers } from './buffers.js';
import { checkCustomDirectives } from './custom.js';
import { checkHeader } from './header.js';
import type { DirectiveSpec, HostSpec, LocationSpec, Problem, UpstreamSpec } from './model.js';
import { canonicalServerName, checkServerName, splitServerNames } from './names.js';
import { checkRewrite } from './rewrite.js';
import { checkSelector } from './selector.js';
import { checkSockets, speaksTls } from './sockets.js';
import { checkLocationPath, checkProxyPass } from './url.js';

type Details = readonly ErrorDetail[];

const at = (field: string, problem: Problem | undefined): Details =>
  problem ? [detail(field, problem.code, problem.message)] : [];

function checkNames(serverName: string): Details {
  const names = splitServerNames(serverName);
  const distinct = new Set(names.map(canonicalServerName));
  const bad = names.map(checkServerName).find((problem) => problem !== undefined);
  return bad
    ? at('server_name', bad)
    : distinct.size < names.length
      ? [detail('server_name', 'DUPLICATE', 'must not name anything twice')]
      : [];
}

const checkDirectives = (
  context: 'server' | 'location',
  list: readonly DirectiveSpec[],
  field: string,
): Details =>
  checkCustomDirectives(context, list).map(({ index, problem }) =>
    detail(`${field}[${index}]`, problem.code, problem.message),
  );

function checkAction(location: LocationSpec, field: string): Details {
  const actions = (['proxy_pass', 'upstream_id', 'root'] as const).filter((name) => location[name] !== null);
  const triesFiles = location.custom_directives.some(({ directive }) => directive === 'try_files');
  return [
    ...actions
      .slice(1)
      .map((name) => detail(`${field}.${name}`, 'CONFLICTING_FIELDS', `must not stand beside ${actions[0]}`)),
    ...(location.index !== null && location.root === null
      ? [detail(`${field}.index`, 'CONFLICTING_FIELDS', 'needs a root')]
      : []),
    ...(triesFiles && location.root === null
      ? [detail(`${field}.custom_directives`, 'CONFLICTING_FIELDS', 'try_files needs a root')]
      : []),
  ];
}

function checkLocation(location: LocationSpec, field: string, host: HostSpec): Details {
  return [
    ...at(`${field}.path`, checkLocationPath(location.path)),
    ...checkAction(location, field),
    ...at(
      `${field}.proxy_pass`,
      location.proxy_pass === null ? undefined : checkProxyPass(location.proxy_pass),
    ),
    ...location.custom_headers.flatMap((header, index) => {
      const problem = checkHeader(header);
      return at(`${field}.custom_headers[${index}].${problem?.field ?? ''}`, problem);
    }),
    ...location.rewrite_rules.flatMap((rule, index) => {
      const problem = checkRewrite(rule);
      return at(`${field}.rewrite_rules[${index}].${problem?.field ?? ''}`, problem);
    }),
    ...checkDirectives('location', location.custom_directives, `${field}.custom_directives`),
    ...at(`${field}.custom_directives`, checkBuffers(location.custom_directives, host.custom_directives)),
  ];
}

/**
 * Everything that nginx or NxMesh would refuse in one virtual host by itself: a detail with its field for each.
 * What needs other resources (references, names that are taken) is not looked at.
 */
export function checkHost(host: HostSpec): Details {
  const paths = host.locations.map(({ path }) => path);
  const buffers = checkBuffers(host.custom_directives);
  const tls = speaksTls(host);
  return [
    ...checkNames(host.server_name),
    ...checkSockets(host),
    ...(tls && host.ssl_certificate_id === null
      ? [detail('ssl_certificate_id', 'REQUIRED', 'TLS needs a certificate')]
      : []),
    ...(host.http3_enabled && !tls
      ? [detail('http3_enabled', 'CONFLICTING_FIELDS', 'HTTP/3 needs TLS')]
      : []),
    ...paths.flatMap((path, index) =>
      paths.indexOf(path) < index
        ? [detail(`locations[${index}].path`, 'DUPLICATE', 'is there already')]
        : [],
    ),
    ...host.locations.flatMap((location, index) => checkLocation(location, `locations[${index}]`, host)),
    ...checkDirectives('server', host.custom_directives, 'custom_directives'),
    ...at('custom_directives', buffers),
    ...(host.target_agents.type === 'selector'
      ? at('target_agents.label_selector', checkSelector(host.target_agents.label_selector))
      : []),
  ];
}

/** Everything that nginx or NxMesh would refuse in one upstream by itself. */
export function checkUpstream(upstream: UpstreamSpec): Details {
  const { servers } = upstream;
  return [
    ...servers.flatMap(({ address }, index) => at(`servers[${index}].address`, checkAddress(address))),
    ...servers.flatMap(({ backup }, index) =>
      backup && upstream.algorithm === 'ip_hash'
        ? [detail(`servers[${index}].backup`, 'CONFLICTING_FIELDS', 'ip_hash has no backup servers')]
        : [],
    ),
    ...(servers.every(({ backup }) => backup)
      ? [detail('servers', 'REQUIRED', 'at least one server must not be a backup')]
      : []),
  ];
}
