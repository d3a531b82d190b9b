// SPDX-License-Identifier: Apache-2.0
import 'reflect-metadata';
import { createPrivateKey, createPublicKey, webcrypto, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Pkcs10CertificateRequestGenerator } from '@peculiar/x509';
import { Secret } from '../../kernel/index.js';
import { replaceFile } from '../state/durable.js';

/** Who this agent is: a certificate, its key and the only authority that is trusted. */
export interface Identity {
  readonly agentId: string;
  readonly certificatePem: string;
  readonly key: Secret;
  readonly authorityPem: string;
  /** Milliseconds since 1970-01-01 UTC: from then on to ask for a new certificate, and from then on it is worth nothing. */
  readonly renewAt: number;
  readonly expiresAt: number;
}

const P256 = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const NAME = /URI:nxmesh:\/\/[^/,]+\/[^/,]+\/agent\/([0-9a-f-]{36})(?:,|$)/;

const files = (folder: string) => ({
  key: join(folder, 'key.pem'),
  certificate: join(folder, 'certificate.pem'),
  authority: join(folder, 'ca.pem'),
});

/** The stored identity; undefined while there is none, or when what is stored does not belong together. */
export function loadIdentity(folder: string): Identity | undefined {
  const paths = files(folder);
  try {
    return identityOf(
      readFileSync(paths.certificate, 'utf8'),
      new Secret(readFileSync(paths.key, 'utf8')),
      readFileSync(paths.authority, 'utf8'),
    );
  } catch {
    return undefined;
  }
}

/** Stores a certificate for our key. Throws when it is for another key, from another authority, or names no agent. */
export function storeIdentity(folder: string, certificatePem: string, authorityPem: string): Identity {
  const paths = files(folder);
  const identity = identityOf(certificatePem, new Secret(readFileSync(paths.key, 'utf8')), authorityPem);
  replaceFile(paths.authority, authorityPem);
  replaceFile(paths.certificate, certificatePem);
  return identity;
}

function identityOf(certificatePem: string, key: Secret, authorityPem: string): Identity {
  const certificate = new X509Certificate(certificatePem);
  const authority = new X509Certificate(authorityPem);
  const agentId = NAME.exec(certificate.subjectAltName ?? '')?.[1];
  if (
    agentId === undefined ||
    !certificate.checkPrivateKey(createPrivateKey(key.reveal())) ||
    !certificate.verify(authority.publicKey)
  ) {
    throw new Error('the certificate is not for this agent');
  }
  const from = Date.parse(certificate.validFrom);
  const expiresAt = Date.parse(certificate.validTo);
  const renewAt = from + ((expiresAt - from) * 2) / 3;
  return { agentId, certificatePem, key, authorityPem, renewAt, expiresAt };
}

/**
 * A certificate signing request (PKCS #10, PEM) for the agent's key, which is made and stored before it is used, and
 * stays: an agent that is killed while it registers asks again with the same key.
 */
export async function signingRequest(folder: string): Promise<string> {
  const pem = await storedKey(folder);
  const key = createPrivateKey(pem.reveal());
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' });
  const { subtle } = webcrypto;
  const keys = {
    privateKey: await subtle.importKey('pkcs8', key.export({ format: 'der', type: 'pkcs8' }), P256, false, [
      'sign',
    ]),
    publicKey: await subtle.importKey('spki', spki, P256, true, ['verify']),
  };
  const request = await Pkcs10CertificateRequestGenerator.create(
    { name: 'CN=nxmesh-agent', keys, signingAlgorithm: P256 },
    webcrypto,
  );
  return request.toString('pem');
}

async function storedKey(folder: string): Promise<Secret> {
  const path = files(folder).key;
  try {
    const pem = readFileSync(path, 'utf8');
    createPrivateKey(pem);
    return new Secret(pem);
  } catch {
    // None is there, or what somebody has left of it is none.
    const { privateKey } = await webcrypto.subtle.generateKey(P256, true, ['sign', 'verify']);
    const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', privateKey));
    const pem = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }).export({
      format: 'pem',
      type: 'pkcs8',
    });
    replaceFile(path, pem.toString());
    return new Secret(pem.toString());
  }
}
