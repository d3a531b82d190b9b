// SPDX-License-Identifier: Apache-2.0
/** What OpenSSL 1.1.1 and 3 know by name in a list of ciphers, of what they still have: groups, and suites of TLS 1.2. */
const GROUPS = new Set(
  `ALL DEFAULT HIGH AES AES128 AES256 AESGCM AESCCM AESCCM8 CHACHA20 CAMELLIA ARIA
  RSA kRSA aRSA DH DHE EDH kDHE kEDH ECDH ECDHE EECDH kECDHE kEECDH ECDSA aECDSA
  SHA SHA1 SHA256 SHA384 TLSv1 TLSv1.0 TLSv1.2`.split(/\s+/),
);
const SUITE =
  /^(?:(?:(?:ECDHE-(?:ECDSA|RSA)|DHE-RSA)-)?(?:AES128-GCM-SHA256|AES256-GCM-SHA384|AES(?:128|256)-SHA)|(?:ECDHE-(?:ECDSA|RSA)-)(?:AES128-SHA256|AES256-SHA384)|(?:DHE-RSA-)?AES(?:128|256)-SHA256|(?:ECDHE-(?:ECDSA|RSA)|DHE-RSA)-CHACHA20-POLY1305)$/;

const isKnown = (name: string): boolean =>
  SUITE.test(name) || name.split('+').every((one) => GROUPS.has(one));

/**
 * Whether a list names a cipher. OpenSSL passes over names that it does not know, but a list in which it knows none is
 * refused by nginx. What takes ciphers away or orders them adds none.
 */
export const namesCipher = (list: string): boolean =>
  list.split(':').some((one) => !/^[!+@-]/.test(one) && isKnown(one));
