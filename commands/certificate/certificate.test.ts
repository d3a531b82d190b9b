// SPDX-License-Identifier: Apache-2.0
import { createPrivateKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { NxError, Secret } from '../../kernel/index.js';
import { checkUpload } from './check.js';
import { type PairOptions, testPair } from './pairs.harness.js';

const HOUR = 3_600_000;
const now = Date.now();
const root = await testPair('Root', { names: [], isAuthority: true });
const middle = await testPair('Middle', { names: [], isAuthority: true, issuer: root });
const leaf = await testPair('api.example.com', { issuer: middle });
const other = await testPair('api.example.com');
/** Of the same name as what signed the leaf, and another; and what says that another one signed it. */
const namesake = await testPair('Middle', { names: [], isAuthority: true, issuer: root });
const misnamed = await testPair('api.example.com', { issuer: { ...middle, subject: 'Another' } });

const check = (certificatePem: string, privateKeyPem: string, domain = 'api.example.com') =>
  checkUpload({ domain, certificatePem, privateKeyPem: new Secret(privateKeyPem) }, now);

function faults(certificatePem: string, privateKeyPem: string, domain?: string): string[] {
  try {
    check(certificatePem, privateKeyPem, domain);
  } catch (error) {
    assert.instance(error, NxError);
    const { details, code } = error as NxError;
    assert.is(code, 'VALIDATION_ERROR');
    return details.map((one) => `${one.field} ${one.code}`);
  }
  return [];
}

test('a certificate is good from its first moment until its last', () => {
  const { validFrom, validTo } = new X509Certificate(other.certificate);
  const at = (when: string): boolean => {
    try {
      const privateKeyPem = new Secret(other.key);
      checkUpload(
        { domain: 'api.example.com', certificatePem: other.certificate, privateKeyPem },
        Date.parse(when),
      );
      return true;
    } catch {
      return false;
    }
  };
  assert.equal([at(validFrom), at(validTo)], [true, false]);
});

test('a chain may be of ten', () => {
  assert.not.ok(faults(other.certificate.repeat(10), other.key).includes('certificate_pem TOO_LONG'));
});

test('what signs itself may do so with any hash: nobody trusts it for that', async () => {
  const old = await testPair('api.example.com', { algorithm: 'rsaSha1' });
  assert.ok(check(old.certificate, old.key));
});

test('a chain in order is taken, and written anew without what stood around it', () => {
  const chain = `${leaf.certificate}${middle.certificate}${root.certificate}`;
  const noise = `Bag Attributes\n  friendlyName: x\n${chain.replaceAll('\n', '\r\n')}`;
  const { upload, certificatePem, privateKeyPem } = check(noise, `\n${leaf.key}`);
  assert.equal([upload.names, upload.fingerprint], [['api.example.com'], leaf.fingerprint]);
  assert.is(Date.parse(upload.expires_at ?? '') - Date.parse(upload.issued_at ?? ''), 25 * HOUR);
  assert.is(certificatePem.replaceAll('\n', ''), chain.replaceAll('\n', ''));
  assert.is(privateKeyPem.reveal(), leaf.key);
  assert.not.match(JSON.stringify(upload), 'PRIVATE');
});

for (const algorithm of ['p256', 'p384', 'ed25519', 'rsa2048'] as const) {
  test(`takes a key of ${algorithm}`, async () => {
    const pair = await testPair('api.example.com', { algorithm });
    assert.equal(faults(pair.certificate, pair.key), []);
  });
}

test('takes keys as openssl writes them', async () => {
  const rsa = await testPair('api.example.com', { algorithm: 'rsa2048' });
  const pkcs1 = createPrivateKey(rsa.key).export({ type: 'pkcs1', format: 'pem' });
  assert.equal(faults(rsa.certificate, String(pkcs1)), []);
  const sec1 = createPrivateKey(other.key).export({ type: 'sec1', format: 'pem' });
  const parameters = '-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n';
  assert.equal(faults(other.certificate, `${parameters}${String(sec1)}`), []);
});

const made: [string, PairOptions, string[]][] = [
  ['RSA of 1024 bits', { algorithm: 'rsa1024' }, ['certificate_pem UNSUPPORTED_KEY']],
  ['P-521', { algorithm: 'p521' }, ['certificate_pem UNSUPPORTED_KEY']],
  ['an expired one', { from: -2 * HOUR, until: -HOUR }, ['certificate_pem EXPIRED']],
  ['one of tomorrow', { from: HOUR }, ['certificate_pem NOT_YET_VALID']],
  ['one for another name', { names: ['www.example.com'] }, ['domain NOT_COVERED']],
  ['one without names', { names: [] }, ['domain NOT_COVERED']],
  ['a wildcard two levels above', { names: ['*.com'] }, ['domain NOT_COVERED']],
  ['one for clients', { uses: ['1.3.6.1.5.5.7.3.2'] }, ['certificate_pem WRONG_USE']],
  [
    'a SHA-1 signature',
    { issuer: await testPair('Old', { algorithm: 'rsaSha1', isAuthority: true }) },
    ['certificate_pem WEAK_SIGNATURE'],
  ],
  [
    'more names than there may be',
    { names: ['api.example.com', ...Array.from({ length: 256 }, (_, n) => `n${n}.example.com`)] },
    ['certificate_pem TOO_LONG'],
  ],
];
for (const [name, options, expected] of made) {
  test(`refuses ${name}`, async () => {
    const pair = await testPair('api.example.com', options);
    assert.equal(faults(pair.certificate, pair.key), expected);
  });
}

test('a name in the subject alone, and one that smuggles a second in, count for nothing', async () => {
  const smuggled = await testPair('x', { names: ['evil.com, DNS:api.example.com'] });
  assert.equal(faults(smuggled.certificate, smuggled.key), ['domain NOT_COVERED']);
});

test('a wildcard covers one level', async () => {
  const wild = await testPair('x', { names: ['*.Example.com', '10.0.0.1', '2001:db8::1'] });
  assert.equal(faults(wild.certificate, wild.key), []);
  assert.equal(faults(wild.certificate, wild.key, '*.example.com'), []);
  assert.equal(faults(wild.certificate, wild.key, 'example.com'), ['domain NOT_COVERED']);
  assert.equal(check(wild.certificate, wild.key).upload.names, ['*.example.com', '10.0.0.1', '2001:db8::1']);
});

const block = (label: string, body: string): string =>
  `-----BEGIN ${label}-----\n${body}\n-----END ${label}-----\n`;
const encrypted = String(
  createPrivateKey(other.key).export({
    type: 'pkcs8',
    format: 'pem',
    cipher: 'aes-256-cbc',
    passphrase: 'x',
  }),
);
const legacy = block('RSA PRIVATE KEY', 'Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA');
const shortMiddle = await testPair('Short', { names: [], isAuthority: true, algorithm: 'rsa1024' });
const belowShort = await testPair('api.example.com', { issuer: shortMiddle });
const dsa = generateKeyPairSync('dsa', { modulusLength: 2048, divisorLength: 256 }).privateKey;
const { certificate: cert, key } = other;

const texts: [string, string, string, string[]][] = [
  ['nothing', '', '', ['certificate_pem INVALID_FORMAT', 'private_key_pem INVALID_FORMAT']],
  ['a certificate of 0 bytes', block('CERTIFICATE', ''), key, ['certificate_pem INVALID_FORMAT']],
  ['a certificate of noise', block('CERTIFICATE', 'AAAA'), key, ['certificate_pem INVALID_FORMAT']],
  ['what is not base64', block('CERTIFICATE', 'A$AA'), key, ['certificate_pem INVALID_FORMAT']],
  ['a block without end', cert.slice(0, -20), key, ['certificate_pem INVALID_FORMAT']],
  ['a block in a block', `-----BEGIN CERTIFICATE-----\n${cert}`, key, ['certificate_pem INVALID_FORMAT']],
  ['a key in the chain', `${cert}${key}`, key, ['certificate_pem INVALID_FORMAT']],
  ['the two exchanged', key, cert, ['certificate_pem INVALID_FORMAT', 'private_key_pem INVALID_FORMAT']],
  ['two keys', cert, `${key}${leaf.key}`, ['private_key_pem INVALID_FORMAT']],
  ['a key of noise', cert, block('PRIVATE KEY', 'AAAA'), ['private_key_pem INVALID_FORMAT']],
  ['an encrypted key', cert, encrypted, ['private_key_pem ENCRYPTED']],
  ['an encrypted key of old', cert, legacy, ['private_key_pem ENCRYPTED']],
  ['the key of another certificate', cert, leaf.key, ['private_key_pem KEY_MISMATCH']],
  [
    'a key of another kind',
    cert,
    String(dsa.export({ type: 'pkcs8', format: 'pem' })),
    ['private_key_pem KEY_MISMATCH'],
  ],
  ['a chain of 11', cert.repeat(11), key, ['certificate_pem TOO_LONG']],
  ['a chain of 100', cert.repeat(100), key, ['certificate_pem INVALID_FORMAT']],
  [
    'a chain without its middle',
    `${leaf.certificate}${root.certificate}`,
    leaf.key,
    ['certificate_pem NOT_IN_ORDER'],
  ],
  [
    'an authority of the same name that has not signed it',
    `${leaf.certificate}${namesake.certificate}`,
    leaf.key,
    ['certificate_pem NOT_IN_ORDER'],
  ],
  [
    'an authority that has signed it under another name',
    `${misnamed.certificate}${middle.certificate}`,
    misnamed.key,
    ['certificate_pem NOT_IN_ORDER'],
  ],
  [
    'a chain the wrong way round',
    `${middle.certificate}${leaf.certificate}`,
    leaf.key,
    ['domain NOT_COVERED', 'certificate_pem NOT_IN_ORDER', 'private_key_pem KEY_MISMATCH'],
  ],
  [
    'a short key above',
    `${belowShort.certificate}${shortMiddle.certificate}`,
    belowShort.key,
    ['certificate_pem UNSUPPORTED_KEY'],
  ],
  ['more than 64 kB', `${cert}${' '.repeat(65_536)}`, key, ['certificate_pem TOO_LONG']],
];
for (const [name, certificatePem, privateKeyPem, expected] of texts) {
  test(`refuses ${name}`, () => {
    assert.equal(faults(certificatePem, privateKeyPem), expected);
  });
}

test('no refusal says anything of the key', () => {
  const secret = 'MIIEcanary';
  for (const text of [secret, block('PRIVATE KEY', secret), block(secret, 'AAAA'), `-----BEGIN ${secret}`]) {
    try {
      check(cert, text);
      assert.unreachable();
    } catch (error) {
      const { message, details } = error as NxError;
      assert.not.match(`${message}${JSON.stringify(details)}`, 'canary');
    }
  }
});

test('hostile text is refused in less than 50 ms', () => {
  const lines = (line: string, bytes: number): string => line.repeat(Math.floor(bytes / line.length));
  const hostile = [
    lines('-----BEGIN ', 1_048_576),
    lines('-----BEGIN \n', 1_048_576),
    lines('-----BEGIN \n', 65_536),
    lines('-----BEGIN CERTIFICATE-----\n', 65_536),
    lines('-----BEGIN A-----\nA=\n-----END A-----\n', 65_536),
    block('CERTIFICATE', 'A'.repeat(65_000)),
    block('PRIVATE KEY', 'MIIA'.repeat(16_000)),
    `-----BEGIN ${'A '.repeat(30_000)}`,
    lines('\n', 65_536),
    lines(':', 65_536),
  ];
  for (const text of hostile) {
    const times = Array.from({ length: 5 }, () => {
      const started = performance.now();
      assert.ok(faults(text, text).length > 0);
      return performance.now() - started;
    });
    assert.ok(Math.min(...times) < 50, `${text.slice(0, 20)}: ${times.join(', ')} ms`);
  }
});

test('damaged certificates and keys are refused or right, never an error of ours', () => {
  const der = (pem: string): Buffer => Buffer.from(pem.replaceAll(/-----[^-]+-----|\n/g, ''), 'base64');
  const damage = fc.record({
    inKey: fc.boolean(),
    changes: fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { minLength: 1, maxLength: 4 }),
    cut: fc.option(fc.nat(200)),
  });
  fc.assert(
    fc.property(damage, ({ inKey, changes, cut }) => {
      const bytes = der(inKey ? key : cert);
      for (const [at, value] of changes) {
        bytes[at % bytes.length] = value;
      }
      const damaged = bytes.subarray(0, cut === null ? undefined : cut).toString('base64');
      const started = performance.now();
      // Throws on anything but a refusal.
      faults(inKey ? cert : block('CERTIFICATE', damaged), inKey ? block('PRIVATE KEY', damaged) : key);
      assert.ok(performance.now() - started < 500, damaged);
    }),
    { numRuns: 3000 },
  );
});

test.run();
