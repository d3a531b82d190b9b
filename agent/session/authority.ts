// SPDX-License-Identifier: Apache-2.0
import { X509Certificate } from 'node:crypto';
import { connect, type DetailedPeerCertificate } from 'node:tls';
import { sha256, type Timers } from '../../kernel/index.js';
import type { Address } from './address.js';

/** The name in the gateway's certificate, whatever address it is reached at. */
export const GATEWAY_NAME = 'gateway.nxmesh.internal';

const ANSWER_MS = 10_000;
const LONGEST_CHAIN = 8;

/**
 * The certificate of the authority whose SHA-256 the token names, out of the chain that the gateway shows. Nothing is
 * sent but the beginning of TLS, and nobody is trusted yet: the connection that follows trusts this authority alone.
 * Rejects when the gateway does not show it: then it is another gateway, or somebody in between.
 */
export function fetchAuthority(timers: Timers, address: Address, pinned: string): Promise<string> {
  return new Promise((done, fail) => {
    const socket = connect({
      host: address.host,
      port: address.port,
      servername: GATEWAY_NAME,
      ALPNProtocols: ['h2'],
      rejectUnauthorized: false,
    });
    const cancel = timers.after(ANSWER_MS, () => socket.destroy(new Error('the gateway does not answer')));
    socket.on('secureConnect', () => {
      const found = chainOf(socket.getPeerCertificate(true)).find(({ raw }) => sha256(raw) === pinned);
      socket.destroy();
      if (found === undefined) {
        fail(new Error('the gateway does not show the authority that the token names'));
      } else {
        done(new X509Certificate(found.raw).toString());
      }
    });
    socket.on('error', fail);
    socket.on('close', () => {
      cancel();
      fail(new Error('the gateway closed the connection'));
    });
  });
}

function chainOf(first: DetailedPeerCertificate): DetailedPeerCertificate[] {
  const chain: DetailedPeerCertificate[] = [];
  let next: DetailedPeerCertificate | undefined = first;
  while (next?.raw !== undefined && chain.length < LONGEST_CHAIN && !chain.includes(next)) {
    chain.push(next);
    next = next.issuerCertificate;
  }
  return chain;
}
