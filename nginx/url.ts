// SPDX-License-Identifier: Apache-2.0
import { type Address, checkAddress, parseAddress } from './address.js';
import type { Problem } from './model.js';
import { invalidFormat, problem } from './text.js';
import { isProblem } from './variables.js';

const PATH = /^\/[A-Za-z0-9._~!&'()*+,=:@%/-]*$/;

const OWN_HOST = /\$(?:host|server_name)\b|\$\{(?:host|server_name)\}/;
const FIXED_HOST = /[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\]/;
const REST = /(?::(?:[0-9]{1,5}|\$server_port))?(?=$|[/?#]|\$request_uri\b|\$\{request_uri\})/;
/** The host is written out or the host's own, so that no request can choose it. */
const ABSOLUTE = new RegExp(
  [
    '^(?:https?|[$]scheme|[$][{]scheme[}])://(?:',
    OWN_HOST.source,
    '|',
    FIXED_HOST.source,
    ')',
    REST.source,
  ].join(''),
);

export const isAbsoluteTarget = (text: string): boolean => ABSOLUTE.test(text);

/** Whether a redirect may go there: a path of the same host, or an absolute URL whose host is fixed. */
export const isTarget = (text: string): boolean => /^\/(?!\/)/.test(text) || isAbsoluteTarget(text);

/** The parts of a `proxy_pass` URL; it is never rendered from its text. */
export interface ProxyUrl extends Address {
  readonly scheme: 'http' | 'https';
  /** Empty when the URL has no path: nginx then passes the request's own. */
  readonly path: string;
  /** Host and port as a `Host` header has them: without the scheme's own port. */
  readonly authority: string;
}

/** Why a path cannot be a location, if so. nginx matches the decoded and merged path of a request. */
export function checkLocationPath(path: string): Problem | undefined {
  if (!PATH.test(path) || path.length > 1024) {
    return invalidFormat("must start with / and hold only letters, digits and ._~!&'()*+,=:@/-");
  }
  if (path.includes('%')) {
    return invalidFormat('must be written decoded: nginx compares it with the decoded path');
  }
  if (path.includes('//') || /(?:^|\/)\.{1,2}(?:\/|$)/.test(path)) {
    return invalidFormat('must not hold empty, . or .. segments: nginx resolves them before it compares');
  }
  return undefined;
}

export function parseProxyPass(url: string): ProxyUrl | Problem {
  if (url.includes('$')) {
    return problem(
      'VARIABLE_NOT_ALLOWED',
      "must not hold variables: the destination would be the client's choice",
    );
  }
  const match = /^(https?):\/\/([^/?#@\s]{1,270})(\/[^\s]*)?$/.exec(url);
  const [, scheme, place, path = ''] = match ?? [];
  if ((scheme !== 'http' && scheme !== 'https') || place === undefined || url.length > 1024) {
    return invalidFormat('must be http://host[:port][/path] or https://host[:port][/path]');
  }
  if (path !== '' && (!PATH.test(path) || path.includes('..'))) {
    return invalidFormat('has a path with characters that are not allowed');
  }
  const own = scheme === 'http' ? 80 : 443;
  const withPort = /:[0-9]+$/.test(place) ? place : `${place}:${own}`;
  const address = parseAddress(withPort);
  if (!address) {
    return checkAddress(withPort) ?? invalidFormat('has no valid host');
  }
  const authority = address.port === own ? address.host : `${address.host}:${address.port}`;
  return checkAddress(withPort) ?? { scheme, ...address, path, authority };
}

export function checkProxyPass(url: string): Problem | undefined {
  const parsed = parseProxyPass(url);
  return isProblem(parsed) ? parsed : undefined;
}
