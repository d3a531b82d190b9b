import { atLeast, supports } from './capabilities.js';
import type { HeaderModel, HostModel, LocationShape, TargetValue } from './compiled.js';
import {
  ownsHttp,
  proxyDefaults,
  REQUEST_HEADERS,
  requestHeaders,
  responseHeaders,
  TLS_DEFAULTS,
} from './defaults.js';
import { ruleOf } from './grammar.js';
import type { Capabilities } from './model.js';
import { certificateFiles } from './port-tree.js';
import { type RefusalReason, RenderRefused } from './refusal.js';
import { type Arg, type Directive, int, text, word } from './tree.js';
import { webRootPath } from './web-root.js';

type Refuse = (reason: RefusalReason, field: string, message: string) => never;

const flagDirective = (name: 'http2' | 'proxy_ssl_server_name'): Directive => ({ name, args: [word('on')] });

/** Control characters that a decoded path can hold, and what would end or split a query. */
const UNSAFE_IN_PATH = '[\\x00-\\x1f\\x7f]';
const UNSAFE_IN_QUERY = '[\\x00-\\x20"#%&+\\x7f]';

/**
 * Captures are of the decoded path: without this, `%0d%0a` in a request would split what a redirect or an upstream
 * gets, and `%26` would add parameters.
 */
function captureGuard(location: LocationShape): readonly Directive[] {
  const dangers = new Set(location.rewrites.map(({ danger }) => danger));
  if (!dangers.has('lines') && !dangers.has('query')) {
    return [];
  }
  const source = dangers.has('query') ? UNSAFE_IN_QUERY : UNSAFE_IN_PATH;
  return [
    {
      name: 'if',
      args: [{ kind: 'condition', variable: 'uri', source }],
      field: `${location.field}.rewrite_rules`,
      block: [{ name: 'return', args: [int(400)] }],
    },
  ];
}

function rewrites(location: LocationShape): readonly Directive[] {
  return location.rewrites.map(({ pattern, replacement, flag, field }) => ({
    name: 'rewrite',
    args: [{ kind: 'regex', source: pattern }, { kind: 'text', parts: replacement }, word(flag)],
    field,
  }));
}

/** Redirects to the literal URL lead back to the location: what nginx does by itself when it knows the URL. */
function proxyRedirect(
  { action, directives, path, field }: LocationShape,
  target: TargetValue,
): readonly Directive[] {
  const chosen = directives.some(({ name }) => name === 'proxy_redirect');
  if (action.kind !== 'proxy' || target.authority === null || chosen) {
    return [];
  }
  const whole = action.path === '';
  const from = `${action.scheme}://${target.authority}${whole ? '/' : action.path}`;
  return [
    { name: 'proxy_redirect', args: [text(from), text(whole ? '/' : path)], field: `${field}.proxy_pass` },
  ];
}

function proxyPass(location: LocationShape, target: TargetValue): readonly Directive[] {
  const { action } = location;
  if (action.kind !== 'proxy' || target.upstream === null) {
    return [];
  }
  const arg: Arg = { kind: 'proxy', scheme: action.scheme, upstream: target.upstream, path: action.path };
  const tls: readonly Directive[] =
    action.scheme === 'https'
      ? [
          flagDirective('proxy_ssl_server_name'),
          { name: 'proxy_ssl_name', args: [text(target.serverName ?? '')], field: action.field },
        ]
      : [];
  return [
    { name: 'proxy_pass', args: [arg], field: action.field },
    ...tls,
    ...proxyRedirect(location, target),
  ];
}

/** Never what nginx would do by itself: serve the files of its own default root. */
function fallback(location: LocationShape): readonly Directive[] {
  const answered = location.directives.some(({ name }) => name === 'return');
  if (location.action.kind !== 'none' || answered) {
    return [];
  }
  return location.rewrites.length === 0
    ? [{ name: 'return', args: [int(404)] }]
    : [{ name: 'try_files', args: [text('/.nxmesh/none'), text('=404')] }];
}

const isDefault = (headers: readonly HeaderModel[]): boolean => headers === REQUEST_HEADERS;

export function hostTree(host: HostModel, capabilities: Capabilities): readonly Directive[] {
  const { shape, values, origin } = host;
  const refuse: Refuse = (reason, field, message) => {
    throw new RenderRefused(reason, { ...origin, field }, message);
  };

  const tls = (): readonly Directive[] => {
    if (!supports(capabilities, 'ssl')) {
      return refuse('MODULE_MISSING', 'ssl_enabled', 'this nginx was built without http_ssl');
    }
    if (values.certificate === null) {
      return refuse('CERTIFICATE_MISSING', 'ssl_certificate_id', 'there is no issued certificate');
    }
    return [
      ...certificateFiles(values.certificate, capabilities).map((one) => ({
        ...one,
        field: 'ssl_certificate_id',
      })),
      ...(ownsHttp(capabilities) ? [] : TLS_DEFAULTS),
    ];
  };

  const listens = (): readonly Directive[] => {
    if (shape.http2 && !capabilities.modules.includes('http_v2')) {
      refuse('MODULE_MISSING', 'http2_enabled', 'this nginx was built without http_v2');
    }
    if (shape.http3 && !supports(capabilities, 'http3')) {
      const reason = capabilities.modules.includes('http_v3') ? 'VERSION_TOO_OLD' : 'MODULE_MISSING';
      refuse(reason, 'http3_enabled', 'HTTP/3 needs nginx 1.25.0 built with http_v3');
    }
    return [
      { name: 'listen', args: [int(shape.port), ...(shape.tls ? [word('ssl')] : [])], field: 'listen_port' },
      ...(shape.http3
        ? [{ name: 'listen', args: [int(shape.port), word('quic')], field: 'http3_enabled' } as const]
        : []),
      ...(shape.http2 && supports(capabilities, 'http2_directive')
        ? [{ ...flagDirective('http2'), field: 'http2_enabled' }]
        : []),
    ];
  };

  /** Without this header no browser would ever come by QUIC. */
  const altSvc: readonly HeaderModel[] = shape.http3
    ? [
        {
          name: 'Alt-Svc',
          value: ['h3=":', String(shape.port), '"; ma=86400'],
          always: true,
          field: 'http3_enabled',
        },
      ]
    : [];

  const locationBlock = (location: LocationShape, target: TargetValue): Directive => {
    const { action } = location;
    const root: readonly Directive[] =
      action.kind === 'root'
        ? [
            {
              name: 'root',
              args: [
                {
                  kind: 'web-root',
                  path: webRootPath(target.webRoot ?? '', capabilities, (reason, message) =>
                    refuse(reason, action.field, message),
                  ),
                },
              ],
              field: action.field,
            },
            ...(action.index === null
              ? []
              : [
                  {
                    name: 'index',
                    args: [{ kind: 'file-name', name: action.index }],
                    field: `${location.field}.index`,
                  } as const,
                ]),
          ]
        : [];
    return {
      name: 'location',
      args: [{ kind: 'url-path', path: location.path }],
      field: `${location.field}.path`,
      block: [
        ...captureGuard(location),
        ...rewrites(location),
        ...root,
        ...known(location.directives),
        ...(location.requestHeaders ? requestHeaders(location.requestHeaders, target.authority ?? '') : []),
        ...(location.responseHeaders ? responseHeaders([...altSvc, ...location.responseHeaders]) : []),
        ...proxyPass(location, target),
        ...fallback(location),
      ],
    };
  };

  const known = (list: readonly Directive[]): readonly Directive[] => {
    for (const { name, field = '' } of list) {
      const { module, since } = ruleOf(name) ?? {};
      if (module === 'http_ssl' && !supports(capabilities, 'ssl')) {
        refuse('MODULE_MISSING', field, `${name} needs the module ${module}`);
      }
      if (since !== undefined && !atLeast(capabilities.nginxVersion, since)) {
        refuse('VERSION_TOO_OLD', field, `${name} needs nginx ${since}`);
      }
    }
    return list;
  };

  const locations = shape.locations.map((location, index) =>
    locationBlock(
      location,
      values.targets[index] ?? { upstream: null, authority: null, serverName: null, webRoot: null },
    ),
  );
  const whole =
    shape.locations.some(({ path }) => path === '/') ||
    shape.directives.some(({ name }) => name === 'return');
  const ownHeaders = !isDefault(shape.requestHeaders);

  return [
    {
      name: 'server',
      args: [],
      origin,
      field: '',
      block: [
        ...listens(),
        {
          name: 'server_name',
          args: values.names.map((name): Arg => ({ kind: 'server-name', name })),
          field: 'server_name',
        },
        ...(shape.tls ? tls() : []),
        ...known(shape.directives),
        ...(ownsHttp(capabilities)
          ? ownHeaders
            ? requestHeaders(shape.requestHeaders)
            : []
          : proxyDefaults(shape.requestHeaders)),
        ...responseHeaders([...altSvc, ...shape.responseHeaders]),
        ...locations,
        ...(whole
          ? []
          : [
              {
                name: 'location',
                args: [{ kind: 'url-path', path: '/' }],
                field: 'locations',
                block: [{ name: 'return', args: [int(404)] }],
              } as const,
            ]),
      ],
    },
  ];
}
