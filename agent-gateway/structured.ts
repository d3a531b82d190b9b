// SPDX-License-Identifier: Apache-2.0
import { never } from '../kernel/index.js';
import * as Proto from '../proto/index.js';
import type { CustomDirective, Location, Upstream, VirtualHost } from '../schemas/index.js';

/** For agents that know only a map of directives: the last of a name wins, arguments joined by spaces. */
const directiveMap = (directives: readonly CustomDirective[]): Record<string, string> =>
  Object.fromEntries(directives.map(({ directive, args }) => [directive, args.join(' ')]));

const directiveList = (directives: readonly CustomDirective[]): Proto.Directive[] =>
  directives.map(({ directive, args }) => ({ name: directive, args: [...args] }));

const location = (one: Location): Proto.Location => ({
  path: one.path,
  proxyPass: one.proxy_pass ?? '',
  upstreamId: one.upstream_id ?? '',
  root: one.root ?? '',
  index: one.index ?? '',
  customHeaders: one.custom_headers.map(({ applies_to, ...header }) => ({
    ...header,
    appliesTo: applies_to,
  })),
  rewriteRules: one.rewrite_rules.map((rule) => ({ ...rule })),
  customDirectives: directiveMap(one.custom_directives),
  directives: directiveList(one.custom_directives),
});

export const structuredHost = (host: VirtualHost): Proto.VirtualHost => ({
  id: host.id,
  name: host.name,
  serverName: host.server_name,
  listenPort: host.listen_port,
  sslEnabled: host.ssl_enabled,
  sslCertificateId: host.ssl_certificate_id ?? '',
  http2Enabled: host.http2_enabled,
  http3Enabled: host.http3_enabled,
  locations: host.locations.map(location),
  customDirectives: directiveMap(host.custom_directives),
  directives: directiveList(host.custom_directives),
});

function algorithm(name: Upstream['algorithm']): Proto.LoadBalanceAlgorithm {
  switch (name) {
    case 'round_robin':
      return Proto.LoadBalanceAlgorithm.ROUND_ROBIN;
    case 'least_connections':
      return Proto.LoadBalanceAlgorithm.LEAST_CONNECTIONS;
    case 'ip_hash':
      return Proto.LoadBalanceAlgorithm.IP_HASH;
    case 'weighted_round_robin':
      return Proto.LoadBalanceAlgorithm.WEIGHTED_ROUND_ROBIN;
    default:
      return never(name, 'algorithm');
  }
}

export const structuredUpstream = (upstream: Upstream): Proto.Upstream => ({
  id: upstream.id,
  name: upstream.name,
  algorithm: algorithm(upstream.algorithm),
  servers: upstream.servers.map((server) => ({
    address: server.address,
    weight: server.weight,
    backup: server.backup,
    down: server.down,
    maxFails: server.max_fails,
    failTimeoutSeconds: server.fail_timeout,
  })),
  healthCheck: {
    enabled: upstream.health_check.enabled,
    path: upstream.health_check.path,
    intervalSeconds: upstream.health_check.interval,
    timeoutSeconds: upstream.health_check.timeout,
    healthyThreshold: upstream.health_check.healthy_threshold,
    unhealthyThreshold: upstream.health_check.unhealthy_threshold,
  },
  keepaliveConnections: upstream.keepalive_connections,
});
