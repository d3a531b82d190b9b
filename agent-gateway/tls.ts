// SPDX-License-Identifier: Apache-2.0
import { experimental, type ServerCredentials } from '@grpc/grpc-js';
import type { Timers } from '../kernel/index.js';
import type { Authority } from './ca.js';

const DAY = 86_400_000;
const OWN_NAMES = ['gateway.nxmesh.internal', 'localhost', '127.0.0.1'];

/**
 * TLS in which a client certificate is asked for but not required: an agent that registers has none yet. Who may do
 * what without one is decided in `accept.ts` and `unary.ts`. The gateway's own certificate is made anew at each start and each day.
 */
export async function gatewayTls(
  authority: Authority,
  names: readonly string[],
  timers: Timers,
): Promise<{ credentials: ServerCredentials; stop(): void }> {
  const issue = async () => {
    const { chainPem, keyPem } = await authority.issueServer([...new Set([...OWN_NAMES, ...names])]);
    return { certificate: Buffer.from(chainPem), privateKey: Buffer.from(keyPem.reveal()) };
  };
  let own = await issue();
  const listeners = new Set<experimental.IdentityCertificateUpdateListener>();
  // Listeners are told a moment later: the server does not yet listen to what it learns while it adds them.
  const provider: experimental.CertificateProvider = {
    addCaCertificateListener: (listener) =>
      queueMicrotask(() => listener({ caCertificate: Buffer.from(authority.certificatePem) })),
    removeCaCertificateListener: () => {},
    addIdentityCertificateListener: (listener) => {
      listeners.add(listener);
      queueMicrotask(() => listener(own));
    },
    removeIdentityCertificateListener: (listener) => listeners.delete(listener),
  };
  const renew = async () => {
    own = await issue();
    for (const listener of listeners) {
      listener(own);
    }
  };
  // A failed renewal is tried again the next day; the certificate holds for thirty.
  const stop = timers.every(DAY, () => void renew().catch(() => {}));
  return {
    credentials: experimental.createCertificateProviderServerCredentials(provider, provider, false),
    stop,
  };
}
