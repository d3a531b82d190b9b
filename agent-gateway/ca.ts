// SPDX-License-Identifier: Apache-2.0
import 'reflect-metadata';
import { createPrivateKey, createPublicKey, webcrypto, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import * as x509 from '@peculiar/x509';
import { type Clock, invariant, type Random, Secret, sha256 } from '../kernel/index.js';
import type { Vault } from '../vault/index.js';
import { type Identity, identityUri } from './identity.js';

const VAULT_ID = 'agent-authority';
const P256 = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const DAY = 86_400_000;
/** How far a certificate begins in the past, for agents whose clock is behind. */
const BACKDATED = 600_000;
const AUTHORITY_LIFE = 20 * 365 * DAY;
const SERVER_LIFE = 30 * DAY;

/** A public key that its owner has proven to hold, from a certificate signing request. */
export interface ProvenKey {
  readonly key: x509.PublicKey;
  /** SHA-256 of the SubjectPublicKeyInfo (DER), in hexadecimal. */
  readonly sha256: string;
}

export interface ServerCertificate {
  /** The gateway's certificate and then the authority's: agents pin the latter by its hash. */
  readonly chainPem: string;
  readonly keyPem: Secret;
}

/** The authority that agents trust and that names them. */
export interface Authority {
  readonly certificate: X509Certificate;
  readonly certificatePem: string;
  /** SHA-256 of the certificate (DER), in hexadecimal. */
  readonly sha256: string;
  /** A fresh key and certificate for the gateway; `names` are DNS names and addresses. */
  issueServer(names: readonly string[]): Promise<ServerCertificate>;
  /** A client certificate in PEM; the name comes from `identity`, only the key from the agent. */
  issueAgent(key: ProvenKey, identity: Identity, lifeMs: number): Promise<string>;
}

interface AuthorityDeps {
  readonly vault: Vault;
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * The authority of this installation; made at the first call and kept, with its key, in the vault. Two first calls at a
 * time would make two: whoever starts sees to it that there is one.
 */
export async function openAuthority(deps: AuthorityDeps): Promise<Authority> {
  const stored = (await deps.vault.get(VAULT_ID)) ?? (await createAuthority(deps));
  const { key, certificate } = JSON.parse(stored.reveal().toString('utf8')) as Record<string, string>;
  invariant(key && certificate, 'the stored authority has a key and a certificate');
  const signingKey = await webcrypto.subtle.importKey('pkcs8', Buffer.from(key, 'base64'), P256, false, [
    'sign',
  ]);
  return authority(deps, signingKey, new x509.X509Certificate(certificate));
}

async function createAuthority({ vault, clock, random }: AuthorityDeps): Promise<Secret<Buffer>> {
  const keys = await webcrypto.subtle.generateKey(P256, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned(
    {
      serialNumber: serial(random),
      name: 'CN=NxMesh agent authority',
      notBefore: new Date(clock.now() - BACKDATED),
      notAfter: new Date(clock.now() + AUTHORITY_LIFE),
      signingAlgorithm: P256,
      keys,
      extensions: [
        new x509.BasicConstraintsExtension(true, 0, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      ],
    },
    webcrypto,
  );
  const key = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
  const record = new Secret(Buffer.from(JSON.stringify({ key, certificate: certificate.toString('pem') })));
  await vault.put(VAULT_ID, record);
  // What stands in the vault counts.
  return (await vault.get(VAULT_ID)) ?? record;
}

/** 127 random bits, positive. */
const serial = (random: Random): string => {
  const bytes = random.bytes(16);
  bytes.writeUInt8((bytes.readUInt8(0) & 0x7f) | 0x01, 0);
  return bytes.toString('hex');
};

function authority(
  { clock, random }: AuthorityDeps,
  signingKey: webcrypto.CryptoKey,
  certificate: x509.X509Certificate,
): Authority {
  const sign = async (
    publicKey: x509.PublicKey | webcrypto.CryptoKey,
    commonName: string,
    lifeMs: number,
    extensions: x509.Extension[],
  ): Promise<string> => {
    const signed = await x509.X509CertificateGenerator.create(
      {
        serialNumber: serial(random),
        subject: [{ CN: [commonName] }],
        issuer: certificate.subjectName,
        notBefore: new Date(clock.now() - BACKDATED),
        notAfter: new Date(clock.now() + lifeMs),
        signingAlgorithm: P256,
        publicKey,
        signingKey,
        extensions: [
          new x509.BasicConstraintsExtension(false, undefined, true),
          new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
          await x509.AuthorityKeyIdentifierExtension.create(certificate, false, webcrypto),
          ...extensions,
        ],
      },
      webcrypto,
    );
    return signed.toString('pem');
  };
  const certificatePem = certificate.toString('pem');
  return {
    certificate: new X509Certificate(certificatePem),
    certificatePem,
    sha256: sha256(new Uint8Array(certificate.rawData)),
    issueServer: async (names) => {
      const keys = await webcrypto.subtle.generateKey(P256, true, ['sign', 'verify']);
      const pem = await sign(keys.publicKey, 'gateway.nxmesh.internal', SERVER_LIFE, [
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
        new x509.SubjectAlternativeNameExtension(
          names.map((value) => ({ type: isIP(value) ? 'ip' : 'dns', value })),
        ),
      ]);
      const key = createPrivateKey({
        key: Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)),
        format: 'der',
        type: 'pkcs8',
      });
      return {
        chainPem: `${pem}\n${certificatePem}\n`,
        keyPem: new Secret(key.export({ format: 'pem', type: 'pkcs8' }).toString()),
      };
    },
    issueAgent: (key, identity, lifeMs) =>
      sign(key.key, identity.agentId, lifeMs, [
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth]),
        new x509.SubjectAlternativeNameExtension([{ type: 'url', value: identityUri(identity) }], true),
      ]),
  };
}

const MAX_CSR = 8192;

/**
 * The key of a PKCS #10 request whose signature it proves; undefined when it is malformed, signed by another key, or
 * of another kind than P-256 and Ed25519. Names and extensions that the request asks for are not even looked at.
 */
export async function provenKey(csrPem: string): Promise<ProvenKey | undefined> {
  if (csrPem.length > MAX_CSR) {
    return undefined;
  }
  try {
    const request = new x509.Pkcs10CertificateRequest(csrPem);
    const der = Buffer.from(request.publicKey.rawData);
    const { asymmetricKeyType, asymmetricKeyDetails } = createPublicKey({
      key: der,
      format: 'der',
      type: 'spki',
    });
    const allowed =
      asymmetricKeyType === 'ed25519' ||
      (asymmetricKeyType === 'ec' && asymmetricKeyDetails?.namedCurve === 'prime256v1');
    if (!allowed || !(await request.verify(webcrypto))) {
      return undefined;
    }
    return { key: request.publicKey, sha256: sha256(der) };
  } catch {
    return undefined;
  }
}
