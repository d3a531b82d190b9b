// SPDX-License-Identifier: Apache-2.0
/** What node's X509Certificate does not tell by itself. */
import type { KeyObject, X509Certificate } from 'node:crypto';

/** Why a server cannot be given this key, if so. nginx refuses short ones, browsers know few curves. */
export function keyFault(key: KeyObject): string | undefined {
  const { modulusLength = 0, namedCurve } = key.asymmetricKeyDetails ?? {};
  switch (key.asymmetricKeyType) {
    case 'rsa':
      return modulusLength >= 2048 && modulusLength <= 8192 ? undefined : 'RSA needs 2048 to 8192 bits';
    case 'ec':
      return namedCurve === 'prime256v1' || namedCurve === 'secp384r1'
        ? undefined
        : 'of the curves only P-256 and P-384 are taken';
    case 'ed25519':
      return undefined;
    default:
      return 'only RSA, P-256, P-384 and Ed25519 are taken';
  }
}

export function publicKeyOf(certificate: X509Certificate): KeyObject | undefined {
  try {
    return certificate.publicKey;
  } catch {
    return undefined;
  }
}

/** No authority has such a key, and each signature under it would take milliseconds to check. */
function isAbsurd(key: KeyObject): boolean {
  const { modulusLength = 0, publicExponent = 0n } = key.asymmetricKeyDetails ?? {};
  return modulusLength > 8192 || publicExponent > 0xffff_ffffn;
}

/** Whether `issuer` signed it, by name and by signature. */
export function issuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  const key = publicKeyOf(issuer);
  try {
    return key !== undefined && !isAbsurd(key) && certificate.checkIssued(issuer) && certificate.verify(key);
  } catch {
    return false;
  }
}

/**
 * The DNS names and addresses of a certificate, in lower case. An unusual one stands in quotes in node's text, with its
 * commas escaped, and is left out: no virtual host could have such a name.
 */
export function namesOf({ subjectAltName }: X509Certificate): string[] {
  // Null where the extension cannot be read; the types do not say so.
  const names = ((subjectAltName as string | null | undefined) ?? '').split(', ').flatMap((entry) => {
    const dns = /^DNS:([A-Za-z0-9*._-]{1,253})$/.exec(entry)?.[1];
    const address = /^IP Address:([0-9A-Fa-f.:]{2,45})$/.exec(entry)?.[1];
    return dns ?? (address === undefined ? [] : shortAddress(address));
  });
  return [...new Set(names.map((name) => name.toLowerCase()))];
}

/** OpenSSL writes every group of an IPv6 address; people leave zeros out. */
const shortAddress = (address: string): string =>
  address.includes(':') ? new URL(`http://[${address}]`).hostname.slice(1, -1) : address;

const SERVER_USES = ['1.3.6.1.5.5.7.3.1', '2.5.29.37.0'];

/** Whether browsers take it for a server's: it says so, or says nothing. */
export const isForServers = ({ keyUsage }: X509Certificate): boolean =>
  // The types say that it is always there.
  ((keyUsage as string[] | undefined) ?? []).length === 0 ||
  keyUsage.some((use) => SERVER_USES.includes(use));

/** MD2, MD5 and SHA-1 with RSA, SHA-1 with ECDSA: OpenSSL takes none of them any more. */
const WEAK_SIGNATURES = ['2a864886f70d010102', '2a864886f70d010104', '2a864886f70d010105', '2a8648ce3d0401'];

/** Whether its signature is worth nothing. A root's own does not matter. */
export function isWeaklySigned({ raw, subject, issuer }: X509Certificate): boolean {
  try {
    return subject !== issuer && WEAK_SIGNATURES.includes(signatureAlgorithm(raw));
  } catch {
    // OpenSSL reads more than DER; whoever signs like that is not to be trusted with it.
    return true;
  }
}

/** Object identifier in hexadecimal. Throws on what is not DER. */
function signatureAlgorithm(der: Buffer): string {
  // Certificate ::= SEQUENCE { tbsCertificate SEQUENCE, signatureAlgorithm SEQUENCE { OID, … }, … }
  const outer = element(der, 0);
  const algorithm = element(der, element(der, outer.start).end);
  const oid = element(der, algorithm.start);
  return der.toString('hex', oid.start, oid.end);
}

/** Where the content of the DER element at `at` begins and ends. */
function element(der: Buffer, at: number): { start: number; end: number } {
  const first = der.readUInt8(at + 1);
  const bytes = first < 0x80 ? 0 : first & 0x7f;
  const length = bytes === 0 ? first : der.readUIntBE(at + 2, bytes);
  const start = at + 2 + bytes;
  return { start, end: start + length };
}
