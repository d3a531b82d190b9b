// SPDX-License-Identifier: Apache-2.0
/** Just enough of a master, in this process: its own authority, real TLS, real gRPC, and a script for what it says. */
import 'reflect-metadata';
import { createPrivateKey, randomBytes, webcrypto } from 'node:crypto';
import type { PeerCertificate } from 'node:tls';
import { experimental, Server, type ServerDuplexStream, status } from '@grpc/grpc-js';
import * as x509 from '@peculiar/x509';
import { notifier, sha256 } from '../kernel/index.js';
import {
  type AgentMessage,
  AgentServiceService,
  ConfigUpdate,
  MasterMessage,
  type RegistrationRequest,
} from '../proto/index.js';
import type { Update } from './apply/update.js';

const P256 = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const DAY = 86_400_000;

export interface Authority {
  readonly certificate: x509.X509Certificate;
  readonly keys: webcrypto.CryptoKeyPair;
}

export async function newAuthority(): Promise<Authority> {
  const keys = await webcrypto.subtle.generateKey(P256, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned(
    {
      name: 'CN=Test authority',
      keys,
      signingAlgorithm: P256,
      extensions: [new x509.BasicConstraintsExtension(true, 0, true)],
    },
    webcrypto,
  );
  return { certificate, keys };
}

async function issue(
  authority: Authority,
  publicKey: x509.PublicKeyType,
  san: x509.JsonGeneralName,
  from: number,
  to: number,
): Promise<string> {
  const certificate = await x509.X509CertificateGenerator.create(
    {
      subject: 'CN=x',
      issuer: authority.certificate.subject,
      notBefore: new Date(from),
      notAfter: new Date(to),
      publicKey,
      signingKey: authority.keys.privateKey,
      signingAlgorithm: P256,
      extensions: [new x509.SubjectAlternativeNameExtension([san])],
    },
    webcrypto,
  );
  return certificate.toString('pem');
}

export interface Connection {
  readonly hello: RegistrationRequest;
  readonly messages: AgentMessage[];
  send(payload: NonNullable<MasterMessage['payload']>): void;
  update(update: Update, extra?: Partial<ConfigUpdate>): void;
  end(): void;
}

export interface Master {
  readonly port: number;
  readonly token: string;
  readonly agentId: string;
  readonly tokensSeen: string[];
  readonly connections: Connection[];
  /** Life of the certificates that it gives, from and to, relative to now. */
  life: [number, number];
  acks: boolean;
  delayMs: number;
  /** Resolves once the condition holds; rejects after ten seconds. */
  until<T>(what: string, condition: () => T | undefined | false): Promise<T>;
  close(): void;
}

export async function startMaster(
  options: { authority?: Authority; port?: number; name?: string } = {},
): Promise<Master> {
  const authority = options.authority ?? (await newAuthority());
  const caPem = authority.certificate.toString('pem');
  const own = await webcrypto.subtle.generateKey(P256, true, ['sign', 'verify']);
  const ownPem = await issue(
    authority,
    own.publicKey,
    { type: 'dns', value: options.name ?? 'gateway.nxmesh.internal' },
    Date.now() - DAY,
    Date.now() + DAY,
  );
  const key = createPrivateKey({
    key: Buffer.from(await webcrypto.subtle.exportKey('pkcs8', own.privateKey)),
    format: 'der',
    type: 'pkcs8',
  });
  const agentId = '0192f000-0000-7000-8000-000000000001';
  const pin = Buffer.from(sha256(new Uint8Array(authority.certificate.rawData)), 'hex');
  const token = `nxmesh_agent_${Buffer.concat([Buffer.from(agentId.replaceAll('-', ''), 'hex'), randomBytes(32), pin]).toString('base64url')}`;
  const changed = notifier();

  const give = async (csrPem: string): Promise<string> => {
    const request = new x509.Pkcs10CertificateRequest(csrPem);
    const [from, to] = master.life;
    const name = { type: 'url', value: `nxmesh://o/w/agent/${agentId}` } as const;
    return issue(authority, request.publicKey, name, Date.now() + from, Date.now() + to);
  };

  const serve = (call: ServerDuplexStream<AgentMessage, MasterMessage>): void => {
    const certificate: Partial<PeerCertificate> = call.getAuthContext().sslPeerCertificate ?? {};
    let connection: Connection | undefined;
    const send = (payload: NonNullable<MasterMessage['payload']>): void => {
      call.write(MasterMessage.fromPartial({ payload }));
    };
    const fail = (code: status, details: string): void => {
      call.emit('error', { code, details });
    };
    call.on('error', () => undefined);
    call.on('end', () => call.end());
    call.on('data', (message: AgentMessage) => {
      void (async () => {
        if (connection !== undefined) {
          connection.messages.push(message);
          changed.notify();
          if (master.acks) {
            send({ $case: 'ack', value: { messageId: message.messageId, success: true, errorMessage: '' } });
          }
          return;
        }
        if (message.payload?.$case !== 'registration') {
          fail(status.INVALID_ARGUMENT, 'registration first');
          return;
        }
        const hello = message.payload.value;
        const answer = { agentId, heartbeatIntervalSeconds: 1n, caPem, errorMessage: '', retryAfterMs: 0n };
        if (master.delayMs > 0) {
          const value = {
            ...answer,
            success: false,
            certificatePem: '',
            retryAfterMs: BigInt(master.delayMs),
          };
          master.delayMs = 0;
          send({ $case: 'registrationResponse', value });
          fail(status.RESOURCE_EXHAUSTED, 'later');
          return;
        }
        if (hello.token !== '') {
          master.tokensSeen.push(hello.token);
          if (hello.token !== token) {
            fail(status.UNAUTHENTICATED, 'The registration token is not valid');
            return;
          }
          const certificatePem = await give(hello.csrPem);
          send({ $case: 'registrationResponse', value: { ...answer, success: true, certificatePem } });
          call.end();
          return;
        }
        if (!certificate.raw) {
          fail(status.UNAUTHENTICATED, 'no certificate');
          return;
        }
        const certificatePem = hello.csrPem === '' ? '' : await give(hello.csrPem);
        send({ $case: 'registrationResponse', value: { ...answer, success: true, certificatePem } });
        connection = {
          hello,
          messages: [],
          send,
          update: (update, extra) => send({ $case: 'configUpdate', value: wireUpdate(update, extra) }),
          end: () => call.end(),
        };
        master.connections.push(connection);
        changed.notify();
      })();
    });
  };

  const server = new Server();
  server.addService(AgentServiceService, {
    stream: serve,
    reportHealth: () => undefined,
    reportMetrics: () => undefined,
  });
  const provider: experimental.CertificateProvider = {
    // Later, because the library takes in only what comes after it has begun to listen.
    addCaCertificateListener: (listener) =>
      queueMicrotask(() => listener({ caCertificate: Buffer.from(caPem) })),
    removeCaCertificateListener: () => undefined,
    addIdentityCertificateListener: (listener) =>
      queueMicrotask(() =>
        listener({
          certificate: Buffer.from(`${ownPem}\n${caPem}`),
          privateKey: Buffer.from(key.export({ format: 'pem', type: 'pkcs8' })),
        }),
      ),
    removeIdentityCertificateListener: () => undefined,
  };
  // Asked for, not demanded: an agent that registers has no certificate yet.
  const credentials = experimental.createCertificateProviderServerCredentials(provider, provider, false);
  const port = await new Promise<number>((done, fail) =>
    server.bindAsync(`127.0.0.1:${options.port ?? 0}`, credentials, (error, bound) =>
      error ? fail(error) : done(bound),
    ),
  );

  const master: Master = {
    port,
    token,
    agentId,
    tokensSeen: [],
    connections: [],
    life: [-DAY / 24, DAY],
    acks: true,
    delayMs: 0,
    until: async (what, condition) => {
      const end = performance.now() + 10_000;
      for (;;) {
        const value = condition();
        if (value !== undefined && value !== false) {
          return value;
        }
        if (performance.now() > end) {
          throw new Error(`not in time: ${what}`);
        }
        await Promise.race([changed.wait(), new Promise((done) => setTimeout(done, 50))]);
      }
    },
    close: () => server.forceShutdown(),
  };
  return master;
}

function wireUpdate(update: Update, extra: Partial<ConfigUpdate> = {}): ConfigUpdate {
  return {
    ...ConfigUpdate.fromPartial({
      configId: update.digest,
      digest: update.digest,
      version: update.version,
      part: 1,
      parts: 1,
      files: [...update.manifest].map(([path, hash]) => {
        const bytes = update.contents.get(hash);
        return { path, sha256: hash, ...(bytes ? { content: Buffer.from(bytes) } : {}) };
      }),
    }),
    ...extra,
  };
}
