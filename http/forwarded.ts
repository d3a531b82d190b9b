// SPDX-License-Identifier: Apache-2.0
import type { IncomingMessage } from 'node:http';
import { BlockList, isIP, isIPv4, isIPv6 } from 'node:net';
import { networkOf } from '../kernel/index.js';

/** `10.0.0.1`, `10.0.0.0/8`, `::1`, `fd00::/8`. */
export function isNetwork(text: string): boolean {
  const [address = '', prefix, ...more] = text.split('/');
  const bits = isIPv4(address) ? 32 : isIPv6(address) && !address.includes('%') ? 128 : -1;
  return (
    bits > 0 &&
    more.length === 0 &&
    (prefix === undefined || (/^[0-9]{1,3}$/.test(prefix) && Number(prefix) <= bits))
  );
}

/** An address as the lists of addresses know it. */
const unmapped = (address: string): string => /^::ffff:([0-9.]+)$/i.exec(address)?.[1] ?? address;

/**
 * The network that a request comes from. The socket's, unless that is one of our own proxies: then what the proxy says
 * in `X-Forwarded-For`, read from its end and only as far as each one named is a proxy of ours too.
 */
export function networkReader(proxies: readonly string[]): (request: IncomingMessage) => string {
  if (proxies.length === 0) {
    return ({ socket }) => networkOf(socket.remoteAddress);
  }
  const known = new BlockList();
  for (const proxy of proxies) {
    const [address = '', prefix] = proxy.split('/');
    const family = isIPv4(address) ? 'ipv4' : 'ipv6';
    known.addSubnet(address, Number(prefix ?? (family === 'ipv4' ? 32 : 128)), family);
  }
  const isProxy = (given: string): boolean => {
    const address = unmapped(given);
    return isIP(address) !== 0 && known.check(address, isIPv4(address) ? 'ipv4' : 'ipv6');
  };
  return ({ socket, headers }) => {
    const forwarded = headers['x-forwarded-for'];
    const hops = typeof forwarded === 'string' ? forwarded.split(',').map((hop) => hop.trim()) : [];
    let address = socket.remoteAddress ?? '';
    for (
      let next = hops.pop();
      next !== undefined && isProxy(address) && isIP(next) !== 0;
      next = hops.pop()
    ) {
      address = next;
    }
    return networkOf(address);
  };
}
