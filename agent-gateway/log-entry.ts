// SPDX-License-Identifier: Apache-2.0
import type { LogEntry } from '../proto/index.js';
import type { LogRecord } from '../telemetry/index.js';
import { line } from './words.js';

const PRINTABLE = /^[ -~]*$/;

/** As it may be stored and shown: bounded, on one line, nothing in it that rewrites a terminal or forges a log. */
const clean = (text: string, longest: number): string =>
  text.length <= longest && PRINTABLE.test(text) ? text : line(text, longest);

const number = (text: string): number => {
  const value = Number(text);
  return Number.isFinite(value) ? Math.min(Math.max(value, 0), Number.MAX_SAFE_INTEGER) : 0;
};

/** A clock of an agent that is ahead by less is taken at its word. */
const AHEAD_MS = 300_000;

/** Undefined for an entry that is not of a request: it has no status. */
export function recordOf(
  agentId: string,
  { timestamp, fields }: LogEntry,
  now: number,
): LogRecord | undefined {
  const field = (name: string, longest: number): string =>
    Object.hasOwn(fields, name) ? clean(fields[name] ?? '', longest) : '';
  const status = Object.hasOwn(fields, 'status') ? (fields.status ?? '') : '';
  if (!/^[0-9]{3}$|^0$/.test(status)) {
    return undefined;
  }
  const said = Number(timestamp);
  return {
    at: said > 0 && said < now + AHEAD_MS ? said : now,
    agentId,
    status: Number(status),
    bodyBytes: Math.trunc(number(field('body_bytes_sent', 20))),
    responseTimeMs: number(field('response_time_ms', 20)),
    remoteAddr: field('remote_addr', 64),
    method: field('method', 32),
    uri: field('uri', 2048),
    protocol: field('protocol', 16),
    host: field('host', 255),
    userAgent: field('user_agent', 512),
    referer: field('referer', 1024),
    requestId: field('request_id', 64),
  };
}
