// SPDX-License-Identifier: Apache-2.0
import type { HeaderModel, LocationShape, TargetValue } from './compiled.js';
import { requestHeaders, responseHeaders } from './defaults.js';
import type { Capabilities } from './model.js';
import type { Refuse } from './refusal.js';
import { type Arg, type Directive, int, text, word } from './tree.js';
import { webRootPath } from './web-root.js';

/** Control characters that a decoded path can hold, and what would end or split a query. */
const UNSAFE_IN_PATH = '[\\x00-\\x1f\\x7f]';
const UNSAFE_IN_QUERY = '[\\x00-\\x20"#%&+\\x7f]';

/**
 * Captures are of the decoded path: without this, `%0d%0a` in a request would split what a redirect or an upstream
 * gets, and `%26` would add parameters.
 */
function captureGuard({ rewrites, field }: LocationShape): readonly Directive[] {
  const dangers = new Set(rewrites.map(({ danger }) => danger));
  if (!dangers.has('lines') && !dangers.has('query')) {
    return [];
  }
  const source = dangers.has('query') ? UNSAFE_IN_QUERY : UNSAFE_IN_PATH;
  return [
    {
      name: 'if',
      args: [{ kind: 'condition', variable: 'uri', source }],
      field: `${field}.rewrite_rules`,
      block: [{ name: 'return', args: [int(400)] }],
    },
  ];
}

const rewriteRules = ({ rewrites }: LocationShape): readonly Directive[] =>
  rewrites.map(({ pattern, replacement, flag, field }) => ({
    name: 'rewrite',
    args: [{ kind: 'regex', source: pattern }, { kind: 'text', parts: replacement }, word(flag)],
    field,
  }));

/** Redirects to the literal URL lead back to the location: what nginx does by itself when it knows the URL. */
function proxyRedirect(
  { action, directives, path }: LocationShape,
  { authority }: TargetValue,
): readonly Directive[] {
  const chosen = directives.some(({ name }) => name === 'proxy_redirect');
  if (action.kind !== 'proxy' || authority === null || chosen) {
    return [];
  }
  const whole = action.path === '';
  const from = `${action.scheme}://${authority}${whole ? '/' : action.path}`;
  return [{ name: 'proxy_redirect', args: [text(from), text(whole ? '/' : path)], field: action.field }];
}

/**
 * TLS to an upstream names the host that the URL names. Its certificate is not verified, as nginx has it by default:
 * the authorities would be a file of the agent's host, and agents declare none yet.
 */
const proxyTls = (serverName: string, field: string): readonly Directive[] => [
  { name: 'proxy_ssl_server_name', args: [word('on')], field },
  { name: 'proxy_ssl_name', args: [text(serverName)], field },
];

function proxyPass(location: LocationShape, target: TargetValue): readonly Directive[] {
  const { action } = location;
  if (action.kind !== 'proxy' || target.upstream === null) {
    return [];
  }
  const to: Arg = { kind: 'proxy', scheme: action.scheme, upstream: target.upstream, path: action.path };
  return [
    { name: 'proxy_pass', args: [to], field: action.field },
    ...(target.serverName === null ? [] : proxyTls(target.serverName, action.field)),
    ...proxyRedirect(location, target),
  ];
}

function files(
  { action, field }: LocationShape,
  target: TargetValue,
  capabilities: Capabilities,
  refuse: Refuse,
): readonly Directive[] {
  if (action.kind !== 'root') {
    return [];
  }
  const path = webRootPath(target.webRoot ?? '', capabilities, (reason, message) =>
    refuse(reason, action.field, message),
  );
  const index: readonly Directive[] =
    action.index === null
      ? []
      : [{ name: 'index', args: [{ kind: 'file-name', name: action.index }], field: `${field}.index` }];
  return [{ name: 'root', args: [{ kind: 'web-root', path }], field: action.field }, ...index];
}

/** Never what nginx would do by itself: serve the files of its own default root. */
function fallback({ action, directives, rewrites }: LocationShape): readonly Directive[] {
  const answered = directives.some(({ name }) => name === 'return');
  if (action.kind !== 'none' || answered) {
    return [];
  }
  return rewrites.length === 0
    ? [{ name: 'return', args: [int(404)] }]
    : [{ name: 'try_files', args: [text('/.nxmesh/none'), text('=404')] }];
}

/** What a location has from its host. */
export interface LocationContext {
  readonly capabilities: Capabilities;
  readonly refuse: Refuse;
  /** Response headers that every level must carry. */
  readonly everywhere: readonly HeaderModel[];
}

/** One location. Paths are plain prefixes; nothing renders expressions, so that no order among them matters. */
export function locationTree(
  location: LocationShape,
  target: TargetValue,
  context: LocationContext,
): Directive {
  const { capabilities, refuse, everywhere } = context;
  const { requestHeaders: request, responseHeaders: response } = location;
  return {
    name: 'location',
    args: [{ kind: 'url-path', path: location.path }],
    field: `${location.field}.path`,
    block: [
      ...captureGuard(location),
      ...rewriteRules(location),
      ...files(location, target, capabilities, refuse),
      ...location.directives,
      ...(request ? requestHeaders(request, target.authority ?? '') : []),
      ...(response ? responseHeaders([...everywhere, ...response]) : []),
      ...proxyPass(location, target),
      ...fallback(location),
    ],
  };
}
