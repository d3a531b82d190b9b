// SPDX-License-Identifier: Apache-2.0
import type { Arg } from './tree.js';
import type { Part } from './variables.js';

/** Ours alone, so that it meets no format of somebody else's configuration. */
export const LOG_FORMAT = 'nxmesh_access';

/**
 * Member of a line → the variable that fills it. All are texts: nginx writes `000` for a request without an answer, which
 * is no number of JSON. The address is as the client sent it, undecoded and with its query.
 */
export const LOG_FIELDS = {
  /** Seconds since 1970 with milliseconds, when the answer was complete. */
  msec: 'msec',
  remote_addr: 'remote_addr',
  method: 'request_method',
  uri: 'request_uri',
  protocol: 'server_protocol',
  host: 'host',
  status: 'status',
  body_bytes_sent: 'body_bytes_sent',
  bytes_in: 'request_length',
  bytes_out: 'bytes_sent',
  /** In seconds with milliseconds. */
  request_time: 'request_time',
  user_agent: 'http_user_agent',
  referer: 'http_referer',
  request_id: 'request_id',
} as const;

export type LogField = keyof typeof LOG_FIELDS;

const parts = Object.entries(LOG_FIELDS).flatMap(([field, variable], index): Part[] => [
  `${index === 0 ? '{' : '",'}"${field}":"`,
  { variable },
]);

/** One JSON object; `escape=json` sees to it that no value ends its own string, or the line. */
export const logFormat: Arg = { kind: 'text', parts: [...parts, '"}'] };
