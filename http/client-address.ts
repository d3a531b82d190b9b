// SPDX-License-Identifier: Apache-2.0
import type { IncomingMessage } from 'node:http';
import { isIPv4, isIPv6 } from 'node:net';

/**
 * The network that limits are counted for: an IPv4 address, or the /64 of an IPv6 address, because one customer owns
 * all addresses of it.
 */
export function networkOf(address: string | undefined): string {
  const plain = (address ?? '').split('%')[0] ?? '';
  const mapped = /^::ffff:([0-9.]+)$/i.exec(plain)?.[1];
  if (mapped !== undefined && isIPv4(mapped)) {
    return mapped;
  }
  if (!isIPv6(plain)) {
    return plain === '' ? 'unknown' : plain;
  }
  const [head = '', tail] = plain.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros =
    tail === undefined ? [] : Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => '0');
  const groups = [...left, ...zeros, ...right].slice(0, 4).map((group) => Number.parseInt(group, 16));
  return `${groups.map((group) => group.toString(16)).join(':')}::/64`;
}

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
