// SPDX-License-Identifier: Apache-2.0
/** Certificates and keys for tests, made on the spot. Signed by themselves, or by the authority that is given. */
import 'reflect-metadata';
import { createPrivateKey, webcrypto } from 'node:crypto';
import {
  BasicConstraintsExtension,
  cryptoProvider,
  ExtendedKeyUsageExtension,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';

cryptoProvider.set(webcrypto as unknown as Parameters<typeof cryptoProvider.set>[0]);

const ALGORITHMS = {
  p256: { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
  p384: { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' },
  p521: { name: 'ECDSA', namedCurve: 'P-521', hash: 'SHA-512' },
  ed25519: { name: 'Ed25519' },
  rsa1024: {
    name: 'RSASSA-PKCS1-v1_5',
    modulusLength: 1024,
    publicExponent: Uint8Array.of(1, 0, 1),
    hash: 'SHA-256',
  },
  rsa2048: {
    name: 'RSASSA-PKCS1-v1_5',
    modulusLength: 2048,
    publicExponent: Uint8Array.of(1, 0, 1),
    hash: 'SHA-256',
  },
  rsaSha1: {
    name: 'RSASSA-PKCS1-v1_5',
    modulusLength: 2048,
    publicExponent: Uint8Array.of(1, 0, 1),
    hash: 'SHA-1',
  },
} as const;

export interface PairOptions {
  /** DNS names; those with a colon or of digits are addresses. */
  readonly names?: readonly string[];
  readonly algorithm?: keyof typeof ALGORITHMS;
  /** Milliseconds from now. */
  readonly from?: number;
  readonly until?: number;
  readonly issuer?: TestPair;
  readonly isAuthority?: boolean;
  /** Object identifiers of the extended key usage. */
  readonly uses?: readonly string[];
}

export interface TestPair {
  readonly certificate: string;
  readonly key: string;
  readonly fingerprint: string;
  readonly subject: string;
  readonly keys: webcrypto.CryptoKeyPair;
  readonly algorithm: keyof typeof ALGORITHMS;
}

const HOUR = 3_600_000;
let serial = 0;

export async function testPair(subject: string, options: PairOptions = {}): Promise<TestPair> {
  const { names = [subject], algorithm = 'p256', issuer, from = -HOUR, until = 24 * HOUR } = options;
  const keys = (await webcrypto.subtle.generateKey(ALGORITHMS[algorithm], true, [
    'sign',
    'verify',
  ])) as webcrypto.CryptoKeyPair;
  serial += 1;
  const isAddress = (name: string): boolean => /^[0-9a-f]*:[0-9a-f:]+$|^[0-9.]+$/.test(name);
  const now = Date.now();
  const made = await X509CertificateGenerator.create({
    serialNumber: (0x1000 + serial).toString(16),
    subject: `CN=${subject}`,
    issuer: `CN=${issuer?.subject ?? subject}`,
    notBefore: new Date(now + from),
    notAfter: new Date(now + until),
    signingAlgorithm: ALGORITHMS[issuer?.algorithm ?? algorithm],
    publicKey: keys.publicKey,
    signingKey: (issuer?.keys ?? keys).privateKey,
    extensions: [
      new BasicConstraintsExtension(options.isAuthority ?? false, undefined, true),
      ...(names.length === 0
        ? []
        : [
            new SubjectAlternativeNameExtension(
              names.map((value) => ({ type: isAddress(value) ? ('ip' as const) : ('dns' as const), value })),
            ),
          ]),
      ...(options.uses ? [new ExtendedKeyUsageExtension([...options.uses])] : []),
    ],
  });
  const key = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
  return {
    certificate: `${made.toString('pem')}\n`,
    key: String(
      createPrivateKey({ key, format: 'der', type: 'pkcs8' }).export({ format: 'pem', type: 'pkcs8' }),
    ),
    fingerprint: Buffer.from(await made.getThumbprint('SHA-256')).toString('hex'),
    subject,
    keys,
    algorithm,
  };
}
