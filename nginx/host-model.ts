// SPDX-License-Identifier: Apache-2.0
import type {
  ActionShape,
  HeaderModel,
  HostModel,
  HostShape,
  LocationShape,
  TargetValue,
  UpstreamModel,
} from './compiled.js';
import { readCustomDirective } from './custom.js';
import { REQUEST_HEADERS } from './defaults.js';
import {
  type FieldedHeader,
  headerModel,
  headersOfDirectives,
  isHeaderDirective,
  mergeHeaders,
} from './host-headers.js';
import type { CertificateSpec, DirectiveSpec, HostSpec, LocationSpec, Problem } from './model.js';
import { canonicalServerName, splitServerNames } from './names.js';
import { type RefusalReason, RenderRefused } from './refusal.js';
import { parseRewrite, type Rewrite } from './rewrite.js';
import { socketsOf, speaksTls } from './sockets.js';
import type { Directive, Origin } from './tree.js';
import { literalUpstream } from './upstream-model.js';
import { type ProxyUrl, parseProxyPass } from './url.js';
import { isProblem } from './variables.js';

/** What a host refers to, as far as it is there. */
export interface References {
  upstream(id: string): UpstreamModel | undefined;
  certificate(id: string): CertificateSpec | undefined;
}

const NO_TARGET: TargetValue = { upstream: null, authority: null, serverName: null, webRoot: null };

/** Compiles one host. Throws RenderRefused; for values, only where the checks were not asked before. */
export function hostModel(spec: HostSpec, references: References): HostModel {
  const origin: Origin = { kind: 'virtual_host', id: spec.id, name: spec.name };
  const upstreams = new Set<UpstreamModel>();
  const fail = (reason: RefusalReason, field: string, message: string): never => {
    throw new RenderRefused(reason, { ...origin, field }, message);
  };
  const refuse = (field: string, problem: Problem): never => fail('VALUE_REFUSED', field, problem.message);

  const directives = (
    context: 'server' | 'location',
    list: readonly DirectiveSpec[],
    at: string,
  ): readonly Directive[] =>
    list.flatMap((one, index): Directive[] => {
      const field = `${at}[${index}]`;
      const read = readCustomDirective(context, one.directive, one.args);
      if (isProblem(read)) {
        return refuse(field, read);
      }
      return isHeaderDirective(one) ? [] : [{ ...read, field }];
    });

  const headersFor = (
    list: readonly FieldedHeader[],
    target: 'request' | 'response',
  ): readonly HeaderModel[] =>
    list.filter(({ header }) => header.applies_to === target).map((one) => headerModel(one, refuse));

  const rewritesOf = (location: LocationSpec, at: string): readonly (Rewrite & { field: string })[] =>
    location.rewrite_rules.map((rule, index) => {
      const field = `${at}.rewrite_rules[${index}]`;
      const parsed = parseRewrite(rule);
      return isProblem(parsed) ? refuse(field, parsed) : { ...parsed, field };
    });

  const use = (upstream: UpstreamModel): string => {
    upstreams.add(upstream);
    return upstream.name;
  };

  const urlOf = (location: LocationSpec, at: string): ProxyUrl | undefined => {
    if (location.upstream_id !== null || location.proxy_pass === null) {
      return undefined;
    }
    const url = parseProxyPass(location.proxy_pass);
    return isProblem(url) ? refuse(`${at}.proxy_pass`, url) : url;
  };

  const targetOf = (location: LocationSpec, at: string, url: ProxyUrl | undefined): TargetValue => {
    if (location.upstream_id !== null) {
      const upstream = references.upstream(location.upstream_id);
      return upstream
        ? { ...NO_TARGET, upstream: use(upstream) }
        : fail('UNKNOWN_REFERENCE', `${at}.upstream_id`, 'there is no such upstream');
    }
    if (url) {
      const upstream = use(literalUpstream(url, origin, `${at}.proxy_pass`));
      return {
        ...NO_TARGET,
        upstream,
        authority: url.authority,
        serverName: url.scheme === 'https' ? url.host : null,
      };
    }
    return { ...NO_TARGET, webRoot: location.root };
  };

  const actionOf = (location: LocationSpec, at: string, url: ProxyUrl | undefined): ActionShape => {
    if (location.upstream_id !== null) {
      return { kind: 'proxy', scheme: 'http', path: '', field: `${at}.upstream_id` };
    }
    if (url) {
      return { kind: 'proxy', scheme: url.scheme, path: url.path, field: `${at}.proxy_pass` };
    }
    return location.root === null
      ? { kind: 'none' }
      : { kind: 'root', index: location.index, field: `${at}.root` };
  };

  const ofHost = headersOfDirectives(spec.custom_directives, 'custom_directives');
  const requestHeaders = mergeHeaders(REQUEST_HEADERS, headersFor(ofHost, 'request'));
  const responseHeaders = headersFor(ofHost, 'response');

  const targets: TargetValue[] = [];
  const locations = spec.locations.map((location, index): LocationShape => {
    const field = `locations[${index}]`;
    const url = urlOf(location, field);
    targets.push(targetOf(location, field, url));
    const own: readonly FieldedHeader[] = [
      ...headersOfDirectives(location.custom_directives, `${field}.custom_directives`),
      ...location.custom_headers.map((header, at) => ({ header, field: `${field}.custom_headers[${at}]` })),
    ];
    // A literal URL is asked for by its own name, as nginx does where nothing is said.
    const authority: readonly HeaderModel[] = url
      ? [{ name: 'Host', value: 'authority', always: false, field: `${field}.proxy_pass` }]
      : [];
    const request = mergeHeaders(authority, headersFor(own, 'request'));
    const response = headersFor(own, 'response');
    return {
      path: location.path,
      field,
      action: actionOf(location, field, url),
      requestHeaders: request.length > 0 ? mergeHeaders(requestHeaders, request) : undefined,
      responseHeaders: response.length > 0 ? mergeHeaders(responseHeaders, response) : undefined,
      rewrites: rewritesOf(location, field),
      directives: directives('location', location.custom_directives, `${field}.custom_directives`),
    };
  });

  const tls = speaksTls(spec);
  if (spec.http3_enabled && !tls) {
    fail('TLS_REQUIRED', 'http3_enabled', 'HTTP/3 needs TLS');
  }
  const shape: HostShape = {
    sockets: socketsOf(spec),
    tls,
    // Without TLS no browser speaks it, and old versions would then speak nothing else on the port.
    http2: spec.http2_enabled && tls,
    http3: spec.http3_enabled,
    requestHeaders,
    responseHeaders,
    locations,
    directives: directives('server', spec.custom_directives, 'custom_directives'),
  };
  const certificate =
    spec.ssl_certificate_id === null ? undefined : references.certificate(spec.ssl_certificate_id);
  return {
    origin,
    shape,
    values: {
      names: [...new Set(splitServerNames(spec.server_name).map(canonicalServerName))],
      certificate: tls ? (certificate?.fingerprint ?? null) : null,
      targets,
    },
    upstreams: [...upstreams],
  };
}
