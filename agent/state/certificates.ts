// SPDX-License-Identifier: Apache-2.0
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { placeFile, replaceFile } from './durable.js';
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

/**
 * Places them as `<fingerprint>.key` and `<fingerprint>.pem`, readable by the agent's user only. Returns what is to be
 * flushed. The bundle that nginx runs on may use the same files: a key that fits stays, and what takes the place of
 * another is on the disk before it does.
 */
export function putCertificates(folder: string, certificates: readonly HostCertificate[]): readonly string[] {
  const placed: string[] = [];
  for (const { fingerprint, certificatePem, privateKeyPem } of certificates) {
    const key = join(folder, `${fingerprint}.key`);
    const chain = join(folder, `${fingerprint}.pem`);
    const before = readText(key);
    if (before === undefined || !fits(before, certificatePem)) {
      put(key, privateKeyPem, before);
    }
    put(chain, certificatePem, readText(chain));
    placed.push(key, chain);
  }
  return placed.length > 0 ? [...placed, folder] : [];
}

function put(path: string, text: string, before: string | undefined): void {
  if (before === undefined) {
    placeFile(path, text);
  } else if (before !== text) {
    replaceFile(path, text);
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** Whether this is the certificate's one key; a file that is no key is not. */
function fits(keyPem: string, certificatePem: string): boolean {
  try {
    return new X509Certificate(certificatePem).checkPrivateKey(createPrivateKey(keyPem));
  } catch {
    return false;
  }
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
