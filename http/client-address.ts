// SPDX-License-Identifier: Apache-2.0
import type { IncomingMessage } from 'node:http';

const LOOPBACK = /^(::1|(::ffff:)?127\.[0-9]+\.[0-9]+\.[0-9]+)$/i;
const HERE = /^(localhost|127\.0\.0\.1|\[::1\])(:[0-9]+)?$/i;
/** What a proxy leaves behind. */
const FORWARDED = [
  'forwarded',
  'via',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-real-ip',
];

/** Whether a program on this machine asks, by a name of this machine: not a proxy here, nor a page led here by DNS. */
export const isFromHere = ({ socket, headers }: IncomingMessage): boolean =>
  LOOPBACK.test(socket.remoteAddress ?? '') &&
  HERE.test(headers.host ?? '') &&
  FORWARDED.every((name) => headers[name] === undefined);
