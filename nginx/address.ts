// SPDX-License-Identifier: Apache-2.0
import type { Problem } from './model.js';
import { invalidFormat, problem } from './text.js';

export interface Address {
  readonly host: string;
  readonly port: number;
}

const OCTET = '(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])';
const IPV4 = new RegExp(['^', OCTET, '(?:[.]', OCTET, '){3}$'].join(''));
const LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/i;
/** Addresses in disguise: `2130706433`, `0x7f.1`, `127.1`, `010.0.0.1`. */
const NUMERIC_LABEL = /^(?:0x[0-9a-f]*|[0-9]+)$/i;

export const isIpv4 = (text: string): boolean => IPV4.test(text);

/** A DNS name of at most 253 characters that cannot be read as a number. */
export function isDnsName(text: string): boolean {
  const labels = text.split('.');
  return (
    text.length <= 253 &&
    labels.every((label) => LABEL.test(label)) &&
    !NUMERIC_LABEL.test(labels[labels.length - 1] ?? '')
  );
}

/** The eight groups of an IPv6 address without brackets and without a zone; undefined when it is none. */
export function parseIpv6(text: string): readonly number[] | undefined {
  if (text.length > 45 || !/^[0-9a-f:.]+$/i.test(text)) {
    return undefined;
  }
  const dotted = /^(.*:)([0-9.]+)$/.exec(text);
  const tail = dotted?.[2]?.includes('.') ? dotted[2] : undefined;
  if (tail !== undefined && !isIpv4(tail)) {
    return undefined;
  }
  const octets = (tail ?? '').split('.').map(Number);
  const hex = (high = 0, low = 0): string => (high * 256 + low).toString(16);
  const whole =
    tail === undefined
      ? text
      : `${dotted?.[1] ?? ''}${hex(octets[0], octets[1])}:${hex(octets[2], octets[3])}`;
  const halves = whole.split('::');
  if (halves.length > 2) {
    return undefined;
  }
  const [left = [], right = []] = halves.map((half) => (half === '' ? [] : half.split(':')));
  const missing = 8 - left.length - right.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) {
    return undefined;
  }
  const groups = [...left, ...Array<string>(missing).fill('0'), ...right];
  return groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))
    ? groups.map((group) => Number.parseInt(group, 16))
    : undefined;
}

/** Prefixes that no upstream may lie in: this host, link-local and the clouds' metadata services, multicast. */
const FORBIDDEN_IPV4: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8],
  ['100.100.100.200', 32],
  ['168.63.129.16', 32],
  ['169.254.0.0', 16],
  ['192.0.0.192', 32],
  ['224.0.0.0', 4],
  ['255.255.255.255', 32],
];
const FORBIDDEN_IPV6: readonly (readonly [string, number])[] = [
  ['::', 128],
  ['fd00:ec2::254', 128],
  ['fd20:ce::254', 128],
  ['fe80::', 10],
  ['ff00::', 8],
];
const FORBIDDEN_NAMES = new Set([
  'metadata',
  'metadata.google.internal',
  'instance-data',
  'instance-data.ec2.internal',
]);
/** Prefixes of IPv6 whose addresses carry an IPv4 address, and the group where it starts. */
const EMBEDDING: readonly (readonly [string, number, number])[] = [
  ['::', 96, 6],
  ['::ffff:0:0', 96, 6],
  ['::ffff:0:0:0', 96, 6],
  ['64:ff9b::', 96, 6],
  ['2002::', 16, 1],
];

const groupsOfIpv4 = (text: string): readonly number[] => {
  const [a = 0, b = 0, c = 0, d = 0] = text.split('.').map(Number);
  return [a * 256 + b, c * 256 + d];
};

function inPrefix(groups: readonly number[], prefix: readonly number[], bits: number): boolean {
  return groups.every((group, index) => {
    const kept = Math.min(16, Math.max(0, bits - index * 16));
    const shift = 16 - kept;
    return group >> shift === (prefix[index] ?? 0) >> shift;
  });
}

const forbiddenIpv4 = (groups: readonly number[]): boolean =>
  FORBIDDEN_IPV4.some(([prefix, bits]) => inPrefix(groups, groupsOfIpv4(prefix), bits));

function forbiddenIpv6(groups: readonly number[]): boolean {
  const within = ([prefix, bits]: readonly [string, number, ...unknown[]]): boolean =>
    inPrefix(groups, parseIpv6(prefix) ?? [], bits);
  return (
    FORBIDDEN_IPV6.some(within) ||
    (groups.slice(0, 7).some((group) => group !== 0) &&
      EMBEDDING.some((one) => within(one) && forbiddenIpv4(groups.slice(one[2], one[2] + 2))))
  );
}

function isForbidden(host: string): boolean {
  if (isIpv4(host)) {
    return forbiddenIpv4(groupsOfIpv4(host));
  }
  if (host.startsWith('[')) {
    return forbiddenIpv6(parseIpv6(host.slice(1, -1)) ?? []);
  }
  return FORBIDDEN_NAMES.has(host.toLowerCase());
}

/** Whether a text is an address or a network whose host bits are zero: nginx warns of others, and a warning is an error. */
export function isNetwork(text: string): boolean {
  const [address = '', bits, more] = text.split('/');
  const groups = isIpv4(address) ? groupsOfIpv4(address) : parseIpv6(address);
  if (!groups || more !== undefined || (bits !== undefined && !/^(?:0|[1-9][0-9]{0,2})$/.test(bits))) {
    return false;
  }
  const width = groups.length * 16;
  const kept = bits === undefined ? width : Number(bits);
  return (
    kept <= width &&
    groups.every((group, index) => {
      const here = Math.min(16, Math.max(0, kept - index * 16));
      return (group & (0xffff >> here)) === 0;
    })
  );
}

/** Reads `host:port`; host is an IPv4 address, an IPv6 address in brackets, or a DNS name. */
export function parseAddress(text: string): Address | undefined {
  const match = /^(\[[0-9A-Fa-f:.]{2,45}\]|[^:[\]]{1,253}):([1-9][0-9]{0,4})$/.exec(text);
  const host = match?.[1];
  const port = Number(match?.[2]);
  if (host === undefined || port > 65535) {
    return undefined;
  }
  const known = host.startsWith('[')
    ? parseIpv6(host.slice(1, -1)) !== undefined
    : isIpv4(host) || isDnsName(host);
  return known ? { host: host.toLowerCase(), port } : undefined;
}

/** Why nothing may be proxied to this address, if so. */
export function checkAddress(text: string): Problem | undefined {
  const address = parseAddress(text);
  if (!address) {
    return invalidFormat(
      'must be host:port, with an IPv4 address, an IPv6 address in brackets or a DNS name',
    );
  }
  return isForbidden(address.host)
    ? problem('FORBIDDEN_ADDRESS', 'link-local, multicast and metadata addresses cannot be proxied to')
    : undefined;
}
