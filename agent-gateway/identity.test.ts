// SPDX-License-Identifier: Apache-2.0
import 'reflect-metadata';
import { randomUUID, webcrypto, X509Certificate } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { systemClock, systemRandom } from '../kernel/index.js';
import { makeKey } from './agent.harness.js';
import { openAuthority, type ProvenKey, provenKey } from './ca.js';
import { memoryVault } from './gateway.harness.js';
import { identify, identityUri } from './identity.js';

const HOUR = 3_600_000;
const name = { organizationId: randomUUID(), workspaceId: randomUUID(), agentId: randomUUID() };
const vault = memoryVault();
const open = (at = vault) => openAuthority({ vault: at, clock: systemClock, random: systemRandom });
const der = (pem: string): Buffer => new X509Certificate(pem).raw;

async function aKey(): Promise<ProvenKey> {
  const key = await provenKey((await makeKey()).csrPem);
  assert.ok(key);
  return key;
}

// TLS refuses most of these before they get here; these checks must hold without it.
test('a certificate names its agent to its own authority, in its time', async () => {
  const authority = await open();
  const certificate = der(await authority.issueAgent(await aKey(), name, HOUR));
  const now = Date.now();
  const { expiresAt, ...identity } = identify(certificate, authority.certificate, now) ?? { expiresAt: 0 };
  assert.equal(identity, name);
  assert.ok(Math.abs(Number(expiresAt) - now - HOUR) < 2000);
  assert.is(identify(certificate, authority.certificate, now + HOUR + 2000), undefined, 'expired');
  assert.is(identify(certificate, authority.certificate, now - HOUR), undefined, 'not yet');
  assert.ok(identify(certificate, authority.certificate, now - 9 * 60_000), 'clocks differ');
  const other = await open(memoryVault());
  assert.is(identify(certificate, other.certificate, now), undefined, 'same name, another key');
});

test('the authority is the same at the next start', async () => {
  assert.is((await open()).sha256, (await open()).sha256);
});

test('certificates for servers, of the authority itself and bytes that are none name nobody', async () => {
  const authority = await open();
  const server = await authority.issueServer(['localhost', '127.0.0.1', '::1']);
  for (const bytes of [
    der(server.chainPem),
    der(authority.certificatePem),
    Buffer.from('x'),
    Buffer.alloc(0),
  ]) {
    assert.is(identify(bytes, authority.certificate, Date.now()), undefined);
  }
  const certificate = new X509Certificate(server.chainPem);
  assert.is(certificate.subjectAltName, 'DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1');
});

test('only one well-formed name counts', async () => {
  const authority = await open();
  for (const wrong of [
    { ...name, agentId: 'admin' },
    { ...name, agentId: `${name.agentId}/x` },
    { ...name, agentId: name.agentId.toUpperCase() },
    { ...name, organizationId: '' },
    { ...name, agentId: `${name.agentId}, URI:nxmesh://x` },
  ]) {
    const certificate = der(await authority.issueAgent(await aKey(), wrong, HOUR));
    assert.is(identify(certificate, authority.certificate, Date.now()), undefined, JSON.stringify(wrong));
  }
});

test('signed by another key under the same names, or for another use: nobody', async () => {
  const authority = await open();
  const issuer = new x509.X509Certificate(authority.certificatePem);
  const record = JSON.parse((await vault.get('agent-authority'))?.reveal().toString() ?? '') as {
    key: string;
  };
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const own = await webcrypto.subtle.importKey('pkcs8', Buffer.from(record.key, 'base64'), algorithm, false, [
    'sign',
  ]);
  const foreign = (await webcrypto.subtle.generateKey(algorithm, false, ['sign', 'verify'])).privateKey;
  const make = async (signingKey: webcrypto.CryptoKey, use: x509.ExtendedKeyUsage): Promise<Buffer> => {
    const certificate = await x509.X509CertificateGenerator.create(
      {
        issuer: issuer.subjectName,
        publicKey: (await aKey()).key,
        signingKey,
        signingAlgorithm: algorithm,
        notAfter: new Date(Date.now() + HOUR),
        extensions: [
          new x509.ExtendedKeyUsageExtension([use]),
          new x509.SubjectAlternativeNameExtension([{ type: 'url', value: identityUri(name) }]),
          await x509.AuthorityKeyIdentifierExtension.create(issuer, false, webcrypto),
        ],
      },
      webcrypto,
    );
    return Buffer.from(certificate.rawData);
  };
  const { clientAuth, serverAuth } = x509.ExtendedKeyUsage;
  const of = (bytes: Buffer) => identify(bytes, authority.certificate, Date.now())?.agentId;
  assert.is(of(await make(own, clientAuth)), name.agentId);
  assert.is(of(await make(foreign, clientAuth)), undefined);
  assert.is(of(await make(own, serverAuth)), undefined);
});

test.run();
