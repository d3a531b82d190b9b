// SPDX-License-Identifier: Apache-2.0
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { type CertificateUpload, covers } from '../../domain/index.js';
import { detail, type ErrorDetail, invalid, Secret, timestamp } from '../../kernel/index.js';
import { NotPem, type PemBlock, pemBlocks } from './pem.js';
import { isForServers, issuedBy, isWeaklySigned, keyFault, namesOf, publicKeyOf } from './x509.js';

export interface UploadInput {
  /** Lower case. */
  readonly domain: string;
  readonly certificatePem: string;
  readonly privateKeyPem: Secret;
}

export interface CheckedUpload {
  readonly upload: Omit<CertificateUpload, 'domain' | 'auto_renew'>;
  /** The chain and the key written anew, with nothing beside them. */
  readonly certificatePem: string;
  readonly privateKeyPem: Secret;
}

const MAX_BYTES = 65_536;
const MAX_CHAIN = 10;
const MAX_NAMES = 256;

const CHAIN = 'certificate_pem';
const KEY = 'private_key_pem';

/**
 * Everything that nginx or a browser would find fault with, before any agent is asked: VALIDATION_ERROR with a detail
 * for each fault. `now` in milliseconds since 1970. Its time is bounded by the size of its input.
 */
export function checkUpload(input: UploadInput, now: number): CheckedUpload {
  const problems: ErrorDetail[] = [];
  const chain = readChain(input.certificatePem, problems);
  const key = readKey(input.privateKeyPem.reveal(), problems);
  const [leaf] = chain;
  const names = leaf ? namesOf(leaf) : [];
  if (leaf) {
    problems.push(...leafFaults(leaf, names, input.domain), ...chainFaults(chain, now));
  }
  if (leaf && key && !matches(leaf, key)) {
    problems.push(detail(KEY, 'KEY_MISMATCH', 'The key is not that of the first certificate'));
  }
  if (problems.length > 0 || !leaf || !key) {
    throw invalid(problems);
  }
  return {
    upload: {
      names,
      fingerprint: leaf.fingerprint256.replaceAll(':', '').toLowerCase(),
      issued_at: timestamp(Date.parse(leaf.validFrom)),
      expires_at: timestamp(Date.parse(leaf.validTo)),
    },
    certificatePem: chain.map(String).join(''),
    privateKeyPem: new Secret(String(key.export({ type: 'pkcs8', format: 'pem' }))),
  };
}

function blocksOf(text: string, field: string, problems: ErrorDetail[]): PemBlock[] {
  if (Buffer.byteLength(text) > MAX_BYTES) {
    problems.push(detail(field, 'TOO_LONG', `Must have at most ${MAX_BYTES} bytes`));
    return [];
  }
  try {
    const blocks = pemBlocks(text);
    if (blocks.length === 0) {
      problems.push(detail(field, 'INVALID_FORMAT', 'Not in PEM: there is no block'));
    }
    return blocks;
  } catch (error) {
    if (!(error instanceof NotPem)) {
      throw error;
    }
    problems.push(detail(field, 'INVALID_FORMAT', `Not in PEM: ${error.message}`));
    return [];
  }
}

function readChain(text: string, problems: ErrorDetail[]): X509Certificate[] {
  const blocks = blocksOf(text, CHAIN, problems);
  const refuse = (code: string, message: string): X509Certificate[] => {
    problems.push(detail(CHAIN, code, message));
    return [];
  };
  if (blocks.some(({ label }) => label !== 'CERTIFICATE')) {
    return refuse('INVALID_FORMAT', 'Must hold certificates only, never a key');
  }
  if (blocks.length > MAX_CHAIN) {
    return refuse('TOO_LONG', `Must hold at most ${MAX_CHAIN} certificates`);
  }
  const chain: X509Certificate[] = [];
  for (const [index, { der }] of blocks.entries()) {
    try {
      chain.push(new X509Certificate(der));
    } catch {
      return refuse('INVALID_FORMAT', `Certificate ${index + 1} cannot be read`);
    }
  }
  return chain;
}

const KEY_FORMS: Readonly<Record<string, 'pkcs8' | 'sec1' | 'pkcs1'>> = {
  'PRIVATE KEY': 'pkcs8',
  'EC PRIVATE KEY': 'sec1',
  'RSA PRIVATE KEY': 'pkcs1',
};

function readKey(text: string, problems: ErrorDetail[]): KeyObject | undefined {
  // `openssl ecparam -genkey` writes the curve before the key.
  const blocks = blocksOf(text, KEY, problems).filter(({ label }) => label !== 'EC PARAMETERS');
  const [block] = blocks;
  if (!block) {
    return undefined;
  }
  const type = KEY_FORMS[block.label];
  if (block.encrypted) {
    problems.push(
      detail(KEY, 'ENCRYPTED', 'The key must not be encrypted: nginx would ask for a pass phrase'),
    );
  } else if (blocks.length > 1 || type === undefined) {
    problems.push(detail(KEY, 'INVALID_FORMAT', 'Must hold one private key and nothing else'));
  } else {
    try {
      return createPrivateKey({ key: block.der, format: 'der', type });
    } catch {
      problems.push(detail(KEY, 'INVALID_FORMAT', 'The key cannot be read'));
    }
  }
  return undefined;
}

function matches(leaf: X509Certificate, key: KeyObject): boolean {
  try {
    return leaf.checkPrivateKey(key);
  } catch {
    return false;
  }
}

function leafFaults(leaf: X509Certificate, names: readonly string[], domain: string): ErrorDetail[] {
  const key = publicKeyOf(leaf);
  const weak = key ? keyFault(key) : 'its kind of key is not known';
  return [
    ...(weak === undefined ? [] : [detail(CHAIN, 'UNSUPPORTED_KEY', `The key: ${weak}`)]),
    ...(isForServers(leaf) ? [] : [detail(CHAIN, 'WRONG_USE', 'The certificate is not for servers')]),
    ...(names.length > MAX_NAMES ? [detail(CHAIN, 'TOO_LONG', `Must have at most ${MAX_NAMES} names`)] : []),
    ...(covers(names, domain) ? [] : [detail('domain', 'NOT_COVERED', notCovered(names))]),
  ];
}

const notCovered = (names: readonly string[]): string =>
  names.length === 0
    ? 'The certificate has no subject alternative name; browsers look at no other'
    : `The certificate is for ${names.slice(0, 5).join(', ')}${names.length > 5 ? ' and others' : ''}`;

function chainFaults(chain: readonly X509Certificate[], now: number): ErrorDetail[] {
  return chain.flatMap((certificate, index) => {
    const faults: ErrorDetail[] = [];
    const add = (code: string, message: string): void => {
      faults.push(detail(CHAIN, code, `Certificate ${index + 1} ${message}`));
    };
    const issuer = chain[index + 1];
    const { validFrom, validTo } = certificate;
    if (!(Date.parse(validFrom) <= now)) {
      add('NOT_YET_VALID', `is valid from ${validFrom}`);
    }
    if (!(Date.parse(validTo) > now)) {
      add('EXPIRED', `expired at ${validTo}`);
    }
    if (isWeaklySigned(certificate)) {
      add('WEAK_SIGNATURE', 'is signed with a hash that is not safe any more');
    }
    const { modulusLength = 2048 } = publicKeyOf(certificate)?.asymmetricKeyDetails ?? {};
    if (index > 0 && modulusLength < 2048) {
      add('UNSUPPORTED_KEY', 'has an RSA key of less than 2048 bits');
    }
    if (issuer && !issuedBy(certificate, issuer)) {
      add('NOT_IN_ORDER', `was not issued by certificate ${index + 2}`);
    }
    return faults;
  });
}
