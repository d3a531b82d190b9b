// SPDX-License-Identifier: Apache-2.0
import 'reflect-metadata';
import { randomBytes, randomUUID, webcrypto, X509Certificate } from 'node:crypto';
import { connect } from 'node:tls';
import { type ServiceError, status } from '@grpc/grpc-js';
import * as x509 from '@peculiar/x509';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { sha256 } from '../kernel/index.js';
import { HealthReport, MetricsBatch, RegistrationRequest } from '../proto/index.js';
import {
  type AgentKeys,
  connectAgent,
  debian12,
  enrolAgent,
  makeKey,
  openClient,
  openStream,
} from './agent.harness.js';
import { agentUpsert, ORGANIZATION, WORKSPACE, type World, world } from './gateway.harness.js';
import { makeToken, parseToken } from './token.js';

const register = (port: number, caPem: string, token: string, csrPem: string, agentId = '') => {
  const stream = openStream(port, { caPem }, agentId);
  stream.send({ $case: 'registration', value: RegistrationRequest.fromPartial({ token, csrPem }) });
  return stream;
};

/** Runs a test against a gateway that is closed in the end. */
const withGateway =
  (run: (w: World, port: number) => Promise<void>, settings = {}) =>
  async (): Promise<void> => {
    const w = await world();
    const gateway = await w.start(settings);
    try {
      await run(w, gateway.port);
    } finally {
      await gateway.close();
    }
  };

test(
  'the certificate names the agent as the workspace knows it, whatever the request asks for',
  withGateway(async (w, port) => {
    const agentId = randomUUID();
    const keys = await w.enrol(port, agentId);
    const certificate = new X509Certificate(keys.certificatePem ?? '');
    assert.is(certificate.subject, `CN=${agentId}`);
    assert.is(certificate.subjectAltName, `URI:nxmesh://${ORGANIZATION}/${WORKSPACE}/agent/${agentId}`);
    assert.equal(certificate.keyUsage, ['1.3.6.1.5.5.7.3.2']);
    assert.not(certificate.ca);
    assert.ok(certificate.verify(new X509Certificate(w.caPem).publicKey));
    const days = (Date.parse(certificate.validTo) - Date.now()) / 86_400_000;
    assert.ok(days > 6.99 && days <= 7, `${days} days`);
    assert.ok(Date.parse(certificate.validFrom) < Date.now() - 60_000, 'for clocks that are behind');
  }),
);

test(
  'the chain of the gateway ends with the authority that tokens pin',
  withGateway(async (w, port) => {
    const raw = await new Promise<Buffer>((resolve, reject) => {
      const socket = connect(
        { port, host: '127.0.0.1', rejectUnauthorized: false, ALPNProtocols: ['h2'] },
        () => {
          resolve(socket.getPeerCertificate(true).issuerCertificate.raw);
          socket.destroy();
        },
      );
      socket.on('error', reject);
    });
    assert.is(sha256(raw), w.caSha256);
  }),
);

test(
  'nothing but a registration is to be had without a certificate',
  withGateway(async (w, port) => {
    const client = openClient(port, { caPem: w.caPem });
    const codes = await Promise.all([
      new Promise((resolve) =>
        client.reportHealth(HealthReport.fromPartial({}), (error) => resolve(error?.code)),
      ),
      new Promise((resolve) =>
        client.reportMetrics(MetricsBatch.fromPartial({}), (error) => resolve(error?.code)),
      ),
      ...[
        '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo',
        '/grpc.health.v1.Health/Check',
        '/nxmesh.agent.v1.AgentService/stream',
        '/nxmesh.agent.v1.Other/Stream',
      ].map(
        (path) =>
          new Promise((resolve) => {
            const asIs = (bytes: Buffer): Buffer => bytes;
            client.makeUnaryRequest(path, asIs, asIs, Buffer.alloc(0), (error: ServiceError | null) =>
              resolve(error?.code),
            );
          }),
      ),
    ]);
    client.close();
    assert.equal(codes, [
      status.UNAUTHENTICATED,
      status.UNAUTHENTICATED,
      status.UNIMPLEMENTED,
      status.UNIMPLEMENTED,
      status.UNIMPLEMENTED,
      status.UNIMPLEMENTED,
    ]);
    const health = openStream(port, { caPem: w.caPem }, randomUUID());
    health.send({ $case: 'health', value: HealthReport.fromPartial({}) });
    assert.is((await health.ended).code, status.UNAUTHENTICATED);
    const without = openStream(port, { caPem: w.caPem }, randomUUID());
    without.send({ $case: 'registration', value: debian12() });
    assert.is((await without.ended).code, status.UNAUTHENTICATED);
  }),
);

test(
  'every wrong token has the same answer',
  withGateway(async (w, port) => {
    const { csrPem } = await makeKey();
    const agentId = randomUUID();
    const token = w.token(agentId);
    const expired = randomUUID();
    const expiredToken = w.token(expired);
    const entry = w.tokens.get(expired);
    if (entry) {
      entry.expired = true;
    }
    const wrong = [
      'nxmesh_agent_',
      'x'.repeat(100_000),
      makeToken(agentId, randomBytes(32), w.caSha256),
      makeToken(randomUUID(), randomBytes(32), w.caSha256),
      makeToken(agentId, parseToken(token)?.secret ?? randomBytes(32), sha256('another control plane')),
      expiredToken,
    ];
    const answers = new Set<string>();
    for (const one of wrong) {
      const stream = register(port, w.caPem, one, csrPem);
      const answer = await stream.next('registrationResponse');
      const { code, details } = await stream.ended;
      assert.not(answer.success);
      answers.add(JSON.stringify([answer.errorMessage, answer.certificatePem, code, details]));
    }
    const claimed = register(port, w.caPem, token, csrPem, randomUUID());
    answers.add(
      JSON.stringify([
        (await claimed.next('registrationResponse')).errorMessage,
        '',
        ...Object.values(await claimed.ended),
      ]),
    );
    assert.equal(
      [...answers],
      [
        JSON.stringify([
          'The registration token is not valid',
          '',
          status.UNAUTHENTICATED,
          'The registration token is not valid',
        ]),
      ],
    );
  }),
);

test(
  'a token shown again is answered for the same key only',
  withGateway(async (w, port) => {
    const agentId = randomUUID();
    const token = w.token(agentId);
    const pair = await makeKey();
    const first = await enrolAgent(port, w.caPem, token, pair);
    const again = await enrolAgent(port, w.caPem, token, pair);
    assert.is.not(first.certificatePem, again.certificatePem);
    const thief = await makeKey();
    const stream = register(port, w.caPem, token, thief.csrPem);
    assert.is((await stream.ended).code, status.UNAUTHENTICATED);
  }),
);

test(
  'who guesses tokens is turned away for a while, by network',
  withGateway(
    async (w, port) => {
      const { csrPem } = await makeKey();
      const attempt = async (token: string) => {
        const stream = register(port, w.caPem, token, csrPem);
        const answer = await stream.next('registrationResponse');
        return { ...(await stream.ended), wait: Number(answer.retryAfterMs) };
      };
      for (let count = 0; count < 3; count += 1) {
        const guess = makeToken(randomUUID(), randomBytes(32), w.caSha256);
        assert.is((await attempt(guess)).code, status.UNAUTHENTICATED);
      }
      const good = await attempt(w.token(randomUUID()));
      assert.is(good.code, status.RESOURCE_EXHAUSTED);
      assert.ok(good.wait > 0 && good.wait <= 60_000, `${good.wait}`);
    },
    { attemptLimit: 3, attemptWindowMs: 60_000 },
  ),
);

test(
  'keys of P-256 and Ed25519 are signed, others and requests signed by another key are not',
  withGateway(async (w, port) => {
    const token = w.token(randomUUID());
    const ed25519 = await makeKey({ name: 'Ed25519' });
    const edAgent = randomUUID();
    const keys: AgentKeys = await enrolAgent(port, w.caPem, w.token(edAgent), ed25519);
    (await connectAgent(port, keys, edAgent)).close();

    const bad = (await makeKey()).csrPem.split('\n');
    const der = Buffer.from(bad.slice(1, -1).join(''), 'base64');
    der[der.length - 1] = (der.at(-1) ?? 0) ^ 1;
    const forged = `-----BEGIN CERTIFICATE REQUEST-----\n${der.toString('base64')}\n-----END CERTIFICATE REQUEST-----`;
    const p384 = await makeKey({ name: 'ECDSA', namedCurve: 'P-384' });
    const rsaKeys = await webcrypto.subtle.generateKey(
      {
        name: 'RSASSA-PKCS1-v1_5',
        hash: 'SHA-256',
        modulusLength: 2048,
        publicExponent: new Uint8Array([1, 0, 1]),
      },
      true,
      ['sign', 'verify'],
    );
    const rsa = await x509.Pkcs10CertificateRequestGenerator.create(
      { keys: rsaKeys, signingAlgorithm: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' } as never },
      webcrypto,
    );
    for (const csr of ['', 'x', forged, p384.csrPem, rsa.toString('pem'), '-----BEGIN '.repeat(50_000)]) {
      const stream = register(port, w.caPem, token, csr);
      assert.is((await stream.ended).code, status.INVALID_ARGUMENT, csr.slice(0, 40));
    }
    assert.is(w.tokens.get(parseToken(token)?.agentId ?? '')?.key, undefined, 'the token was not spent');
  }),
);

test(
  'an agent with a certificate registers without token',
  withGateway(async (w, port) => {
    const agentId = randomUUID();
    const keys = await w.enrol(port, agentId);
    const stream = openStream(port, keys, agentId);
    stream.send({ $case: 'registration', value: debian12({ token: w.token(agentId) }) });
    assert.is((await stream.ended).code, status.PERMISSION_DENIED);
  }),
);

test(
  'a certificate is renewed at the beginning of a session and within it',
  withGateway(async (w, port) => {
    const agentId = randomUUID();
    await w.publish({ upserts: [agentUpsert(agentId)] });
    const keys = await w.enrol(port, agentId);
    const first = await makeKey();
    const stream = openStream(port, keys, agentId);
    stream.send({ $case: 'registration', value: debian12({ csrPem: first.csrPem }) });
    const greeting = await stream.next('registrationResponse');
    const second = await makeKey();
    stream.send({ $case: 'registration', value: RegistrationRequest.fromPartial({ csrPem: second.csrPem }) });
    const renewal = await stream.next('registrationResponse');
    stream.close();
    for (const [pair, certificatePem] of [
      [first, greeting.certificatePem],
      [second, renewal.certificatePem],
    ] as const) {
      const renewed = { caPem: w.caPem, keyPem: pair.keyPem, certificatePem };
      (await connectAgent(port, renewed, agentId)).close();
    }
  }),
);

test(
  'a stream that says nothing is ended',
  withGateway(
    async (w, port) => {
      const stream = openStream(port, { caPem: w.caPem }, '');
      assert.is((await stream.ended).code, status.DEADLINE_EXCEEDED);
    },
    { firstMessageMs: 100 },
  ),
);

test(
  'agents beyond the rate are told when to come back',
  withGateway(
    async (w, port) => {
      const { csrPem } = await makeKey();
      const streams = Array.from({ length: 12 }, () =>
        register(port, w.caPem, w.token(randomUUID()), csrPem),
      );
      const answers = await Promise.all(streams.map((stream) => stream.next('registrationResponse')));
      const ends = await Promise.all(streams.map((stream) => stream.ended));
      const away = answers.filter(({ success }) => !success);
      assert.ok(away.length >= 8, `${away.length} of 12`);
      assert.ok(away.every(({ retryAfterMs }) => retryAfterMs >= 1000n));
      const full = ends.filter(({ code }) => code === status.RESOURCE_EXHAUSTED);
      assert.is(full.length, away.length);
    },
    { admissionsPerSecond: 2 },
  ),
);

test.run();
