// SPDX-License-Identifier: Apache-2.0
import type { IncomingMessage } from 'node:http';
import { type Clock, detail, NxError, type Random, uuidv7 } from '../kernel/index.js';

/** Header fields of which a second one would mean two readings of one request. */
const SINGLE = new Set([
  'host',
  'authorization',
  'x-api-key',
  'content-type',
  'content-encoding',
  'idempotency-key',
  'nxmesh-position',
  'origin',
]);
const MAX_FIELDS = 100;
const HOST = /^[A-Za-z0-9._~:[\]-]{1,261}$/;
const REQUEST_ID = /^[A-Za-z0-9._-]{1,128}$/;
const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,255}$/;
const POSITION = /^[0-9]{1,20}$/;

/** The caller's `X-Request-Id` if it is harmless, else the trace that it belongs to, else a new one. */
export function requestIdOf(
  request: IncomingMessage,
  traceId: string | undefined,
  { clock, random }: { readonly clock: Clock; readonly random: Random },
): string {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && REQUEST_ID.test(given)
    ? given
    : (traceId ?? `req-${uuidv7(clock, random)}`);
}

/** What Node lets pass and we do not: doubled fields, too many, a host that is none, what we cannot expect. */
export function checkMessage(request: IncomingMessage): void {
  const { rawHeaders } = request;
  if (rawHeaders.length / 2 > MAX_FIELDS) {
    throw new NxError('HEADERS_TOO_LARGE', `More than ${MAX_FIELDS} header fields`);
  }
  const seen = new Set<string>();
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] ?? '').toLowerCase();
    if (SINGLE.has(name) && seen.has(name)) {
      throw malformedField(name, 'Must be given once');
    }
    seen.add(name);
  }
  const { host, expect } = request.headers;
  // Node has answered `100-continue` by now.
  if (expect !== undefined && expect.toLowerCase() !== '100-continue') {
    throw malformedField('expect', 'Must be 100-continue');
  }
  if (host === undefined && request.httpVersion === '1.1') {
    throw malformedField('host', 'Required');
  }
  if (host !== undefined && !HOST.test(host)) {
    throw malformedField('host', 'Must be a host and an optional port');
  }
}

export function idempotencyKeyOf(request: IncomingMessage): string | undefined {
  const key = request.headers['idempotency-key'];
  if (key === undefined) {
    return undefined;
  }
  if (typeof key !== 'string' || !IDEMPOTENCY_KEY.test(key)) {
    throw malformedField('idempotency-key', 'Must be 1 to 255 visible ASCII characters');
  }
  return key;
}

export function positionOf(request: IncomingMessage): bigint | undefined {
  const position = request.headers['nxmesh-position'];
  if (position === undefined) {
    return undefined;
  }
  if (typeof position !== 'string' || !POSITION.test(position)) {
    throw malformedField('nxmesh-position', 'Must be a position');
  }
  return BigInt(position);
}

const malformedField = (field: string, message: string): NxError =>
  new NxError('BAD_REQUEST', 'A header field is malformed', [detail(field, 'INVALID_FORMAT', message)]);
