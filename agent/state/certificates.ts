// SPDX-License-Identifier: Apache-2.0
import { X509Certificate } from 'node:crypto';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { placeFile } from './durable.js';
import type { BundleStore } from './store.js';

/** A certificate that virtual hosts of this agent use, in PEM. */
export interface HostCertificate {
  /** SHA-256 of the first certificate's DER, 64 lower-case hexadecimal digits. */
  readonly fingerprint: string;
  readonly certificatePem: string;
  readonly privateKeyPem: string;
}

/** The fingerprint is made here, of the certificate's own bytes, because it becomes a file's name. Throws on what is no certificate. */
export function hostCertificate(certificatePem: string, privateKeyPem: string): HostCertificate {
  const fingerprint = new X509Certificate(certificatePem).fingerprint256.replaceAll(':', '').toLowerCase();
  return { fingerprint, certificatePem, privateKeyPem };
}

/** Places them as `<fingerprint>.key` and `<fingerprint>.pem`, readable by the agent's user only. Returns what is to be flushed. */
export function putCertificates(folder: string, certificates: readonly HostCertificate[]): readonly string[] {
  const placed: string[] = [];
  for (const { fingerprint, certificatePem, privateKeyPem } of certificates) {
    for (const [name, text] of [
      [`${fingerprint}.key`, privateKeyPem],
      [`${fingerprint}.pem`, certificatePem],
    ] as const) {
      const path = join(folder, name);
      placeFile(path, text);
      placed.push(path);
    }
  }
  return placed.length > 0 ? [...placed, folder] : [];
}

/** Removes what no kept bundle mentions: a key that nobody needs is not to lie about. Reads every file; for the start. */
export function dropCertificates(folder: string, store: Pick<BundleStore, 'held' | 'read'>): void {
  const names = readdirSync(folder);
  if (names.length === 0) {
    return;
  }
  const mentioned = new Set(
    store
      .held()
      .flatMap((hash) => [
        ...store
          .read(hash)
          .toString('latin1')
          .matchAll(/certificates\/([0-9a-f]{64})\./g),
      ])
      .map(([, fingerprint]) => fingerprint),
  );
  for (const name of names) {
    if (!mentioned.has(name.split('.')[0])) {
      rmSync(join(folder, name), { force: true });
    }
  }
}
