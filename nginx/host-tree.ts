// SPDX-License-Identifier: Apache-2.0
import { atLeast, supports } from './capabilities.js';
import type { HeaderModel, HostModel, HostShape } from './compiled.js';
import {
  ownsHttp,
  proxyDefaults,
  REQUEST_HEADERS,
  requestHeaders,
  responseHeaders,
  TLS_DEFAULTS,
} from './defaults.js';
import { ruleOf } from './grammar.js';
import { locationTree } from './location-tree.js';
import type { Capabilities } from './model.js';
import { certificateFiles } from './port-tree.js';
import { type Refuse, RenderRefused } from './refusal.js';
import { socketArg } from './sockets.js';
import { type Arg, type Directive, int, word } from './tree.js';

function listens(shape: HostShape, capabilities: Capabilities, refuse: Refuse): readonly Directive[] {
  if (shape.http2 && !capabilities.modules.includes('http_v2')) {
    refuse('MODULE_MISSING', 'http2_enabled', 'this nginx was built without http_v2');
  }
  if (shape.http3 && !supports(capabilities, 'http3')) {
    const reason = capabilities.modules.includes('http_v3') ? 'VERSION_TOO_OLD' : 'MODULE_MISSING';
    refuse(reason, 'http3_enabled', 'HTTP/3 needs nginx 1.25.0 built with http_v3');
  }
  const lines = shape.sockets.map(
    ({ address, port, ssl, field }): Directive => ({
      name: 'listen',
      args: [socketArg(address, port), ...(ssl ? [word('ssl')] : [])],
      field,
    }),
  );
  if (shape.http3) {
    for (const { address, port } of shape.sockets.filter(({ ssl }) => ssl)) {
      lines.push({ name: 'listen', args: [socketArg(address, port), word('quic')], field: 'http3_enabled' });
    }
  }
  if (shape.http2 && supports(capabilities, 'http2_directive')) {
    lines.push({ name: 'http2', args: [word('on')], field: 'http2_enabled' });
  }
  return lines;
}

function tls({ shape, values }: HostModel, capabilities: Capabilities, refuse: Refuse): readonly Directive[] {
  if (!shape.tls) {
    return [];
  }
  if (!supports(capabilities, 'ssl')) {
    return refuse('MODULE_MISSING', 'ssl_enabled', 'this nginx was built without http_ssl');
  }
  if (values.certificate === null) {
    return refuse('CERTIFICATE_MISSING', 'ssl_certificate_id', 'there is no issued certificate');
  }
  const field = 'ssl_certificate_id';
  return [
    ...certificateFiles(values.certificate, capabilities).map((directive) => ({ ...directive, field })),
    ...(ownsHttp(capabilities) ? [] : TLS_DEFAULTS),
  ];
}

/** Refuses what people wrote and this nginx does not know. */
function checkKnown(directives: readonly Directive[], capabilities: Capabilities, refuse: Refuse): void {
  for (const { name, field = '' } of directives) {
    const { module, since } = ruleOf(name) ?? {};
    if (module === 'http_ssl' && !supports(capabilities, 'ssl')) {
      refuse('MODULE_MISSING', field, `${name} needs the module ${module}`);
    }
    if (since !== undefined && !atLeast(capabilities.nginxVersion, since)) {
      refuse('VERSION_TOO_OLD', field, `${name} needs nginx ${since}`);
    }
  }
}

/** What is sent to upstreams from here on down; in our own `http` block the usual ones stand there already. */
function towardsUpstreams(
  { requestHeaders: headers }: HostShape,
  capabilities: Capabilities,
): readonly Directive[] {
  if (!ownsHttp(capabilities)) {
    return proxyDefaults(headers);
  }
  return headers === REQUEST_HEADERS ? [] : requestHeaders(headers);
}

/** Without this header no browser would ever come by QUIC. */
const altSvc = ({ http3, sockets }: HostShape): readonly HeaderModel[] =>
  http3
    ? [
        {
          name: 'Alt-Svc',
          value: ['h3=":', String(sockets.find(({ ssl }) => ssl)?.port), '"; ma=86400'],
          always: true,
          field: 'http3_enabled',
        },
      ]
    : [];

/** For paths that no location answers: nginx would look for files in its own default root. */
const nothingElse: Directive = {
  name: 'location',
  args: [{ kind: 'url-path', path: '/' }],
  field: 'locations',
  block: [{ name: 'return', args: [int(404)] }],
};

/**
 * The server block of one host. HTTP/2 without TLS is left out: no browser speaks it, and before 1.25.1 the port
 * would speak nothing else. Before 1.25.1 it is the port that speaks HTTP/2 (see port-tree), not the host.
 */
export function hostTree(host: HostModel, capabilities: Capabilities): readonly Directive[] {
  const { shape, values, origin } = host;
  const refuse: Refuse = (reason, field, message) => {
    throw new RenderRefused(reason, { ...origin, field }, message);
  };
  for (const directives of [shape.directives, ...shape.locations.map((location) => location.directives)]) {
    checkKnown(directives, capabilities, refuse);
  }
  const everywhere = altSvc(shape);
  const context = { capabilities, refuse, everywhere };
  const locations = shape.locations.flatMap((location, index) => {
    const target = values.targets[index];
    return target ? [locationTree(location, target, context)] : [];
  });
  const answersAll =
    shape.locations.some(({ path }) => path === '/') ||
    shape.directives.some(({ name }) => name === 'return');
  const names: Directive = {
    name: 'server_name',
    args: values.names.map((name): Arg => ({ kind: 'server-name', name })),
    field: 'server_name',
  };
  const block = [
    ...listens(shape, capabilities, refuse),
    names,
    ...tls(host, capabilities, refuse),
    ...shape.directives,
    ...towardsUpstreams(shape, capabilities),
    ...responseHeaders([...everywhere, ...shape.responseHeaders]),
    ...locations,
    ...(answersAll ? [] : [nothingElse]),
  ];
  return [{ name: 'server', args: [], origin, field: '', block }];
}
