// SPDX-License-Identifier: Apache-2.0
import type { LogField } from '../../nginx/index.js';

/** One answered request, as nginx logged it. */
export interface AccessLine {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly status: number;
  readonly responseTimeMs: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** What the log record of the API holds, cut to its bounds. */
  readonly fields: Readonly<Record<string, string>>;
}

/** Longest texts that are sent on, in UTF-16 code units. What is longer is cut. */
const BOUNDS = {
  remote_addr: 64,
  method: 32,
  uri: 2048,
  protocol: 16,
  host: 255,
  user_agent: 512,
  referer: 1024,
  request_id: 64,
} as const satisfies Partial<Record<LogField, number>>;

const TEXTS = Object.entries(BOUNDS) as [keyof typeof BOUNDS, number][];

const count = (text: unknown): number => {
  const value = Number(text);
  return Number.isFinite(value) && value >= 0 ? value : 0;
};

/** Undefined for what is no line of ours: half-written on a full disk, or put there by somebody else. */
export function parseLine(text: string): AccessLine | undefined {
  let line: Partial<Record<LogField, unknown>> | null;
  try {
    line = JSON.parse(text) as typeof line;
  } catch {
    return undefined;
  }
  const at = Number(line?.msec) * 1000;
  if (typeof line !== 'object' || line === null || !(at > 0 && at < 8.64e15)) {
    return undefined;
  }
  const status = count(line.status);
  const responseTimeMs = Math.round(count(line.request_time) * 1_000_000) / 1000;
  const bodyBytes = count(line.body_bytes_sent);
  const fields: Record<string, string> = {
    status: String(status),
    body_bytes_sent: String(bodyBytes),
    response_time_ms: String(responseTimeMs),
  };
  for (const [name, longest] of TEXTS) {
    const value = line[name];
    if (typeof value === 'string' && value !== '') {
      fields[name] = value.length > longest ? cut(value, longest) : value;
    }
  }
  return {
    at: Math.round(at),
    status,
    responseTimeMs,
    bytesIn: count(line.bytes_in),
    bytesOut: count(line.bytes_out),
    fields,
  };
}

/** Not in the middle of a pair: half of one is no text. */
const cut = (text: string, longest: number): string =>
  `${text.slice(0, longest - 1).replace(/[\ud800-\udbff]$/, '')}…`;
