// SPDX-License-Identifier: Apache-2.0
/**
 * A scripted agent over the real client library: it sends what a test tells it to, and remembers what it was sent.
 */
import 'reflect-metadata';
import { createPrivateKey, webcrypto } from 'node:crypto';
import { type ClientDuplexStream, credentials, type status } from '@grpc/grpc-js';
import * as x509 from '@peculiar/x509';
import {
  AgentMessage,
  AgentServiceClient,
  ConfigApplyStatus,
  type ConfigStatus,
  type ConfigUpdate,
  MasterMessage,
  RegistrationRequest,
} from '../proto/index.js';

type AgentPayload = NonNullable<AgentMessage['payload']>;
export type MasterCase = NonNullable<MasterMessage['payload']>['$case'];
type ValueOf<C extends MasterCase> = Extract<NonNullable<MasterMessage['payload']>, { $case: C }>['value'];

/** How an agent reaches the gateway; without `certificatePem` it can only register with a token. */
export interface AgentKeys {
  readonly caPem: string;
  readonly keyPem?: string;
  readonly certificatePem?: string;
}

export interface KeyPair {
  readonly csrPem: string;
  readonly keyPem: string;
}

const P256 = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

/** A fresh key and the request for a certificate over it. */
export async function makeKey(
  algorithm: webcrypto.EcKeyGenParams | { name: string } = P256,
): Promise<KeyPair> {
  const keys = (await webcrypto.subtle.generateKey(algorithm, true, [
    'sign',
    'verify',
  ])) as webcrypto.CryptoKeyPair;
  const signingAlgorithm = 'namedCurve' in algorithm ? { ...algorithm, hash: 'SHA-256' } : algorithm;
  const request = await x509.Pkcs10CertificateRequestGenerator.create(
    { name: 'CN=somebody', keys, signingAlgorithm },
    webcrypto,
  );
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  return {
    csrPem: request.toString('pem'),
    keyPem: key.export({ format: 'pem', type: 'pkcs8' }).toString(),
  };
}

const DEADLINE_MS = 10_000;

/** A stream of a scripted agent. */
export interface ScriptedAgent {
  readonly received: MasterMessage[];
  send(payload: AgentPayload, over?: { agentId?: string; messageId?: string }): void;
  /** Bytes in place of a message. */
  sendRaw(bytes: Uint8Array): void;
  /** The next message of this kind that no `next` has given before; fails after ten seconds. */
  next<C extends MasterCase>(kind: C): Promise<ValueOf<C>>;
  /** All parts of the next update. */
  nextUpdate(): Promise<ConfigUpdate[]>;
  /** Answers an update. */
  answer(update: ConfigUpdate | undefined, status: ConfigApplyStatus, more?: Partial<ConfigStatus>): void;
  /** How the stream ended. */
  readonly ended: Promise<{ code: status; details: string }>;
  /** Takes nothing more from the network. */
  pause(): void;
  resume(): void;
  close(): void;
}

export function openClient(port: number, keys: AgentKeys): AgentServiceClient {
  const { caPem, keyPem, certificatePem } = keys;
  const tls =
    keyPem && certificatePem
      ? credentials.createSsl(Buffer.from(caPem), Buffer.from(keyPem), Buffer.from(certificatePem))
      : credentials.createSsl(Buffer.from(caPem));
  // Own connections: streams of different agents must not share one.
  return new AgentServiceClient(`127.0.0.1:${port}`, tls, { 'grpc.use_local_subchannel_pool': 1 });
}

export function openStream(port: number, keys: AgentKeys, agentId: string): ScriptedAgent {
  const client = openClient(port, keys);
  const raw = (bytes: Uint8Array): Buffer => Buffer.from(bytes);
  const stream = client.makeBidiStreamRequest('/nxmesh.agent.v1.AgentService/Stream', raw, (bytes: Buffer) =>
    MasterMessage.decode(bytes),
  ) as ClientDuplexStream<Uint8Array, MasterMessage>;
  const received: MasterMessage[] = [];
  const taken = new Set<MasterMessage>();
  const wake: (() => void)[] = [];
  stream.on('data', (message: MasterMessage) => {
    received.push(message);
    for (const one of wake.splice(0)) {
      one();
    }
  });
  let over: { code: status; details: string } | undefined;
  const ended = new Promise<{ code: status; details: string }>((resolve) => {
    stream.on('status', ({ code, details }) => {
      over = { code, details };
      resolve(over);
      for (const one of wake.splice(0)) {
        one();
      }
      client.close();
    });
    stream.on('error', () => {});
  });
  const send: ScriptedAgent['send'] = (payload, { agentId: claimed = agentId, messageId = '' } = {}) => {
    const message = AgentMessage.fromPartial({ agentId: claimed, messageId });
    stream.write(AgentMessage.encode({ ...message, payload }).finish());
  };
  async function next<C extends MasterCase>(kind: C): Promise<ValueOf<C>> {
    const until = Date.now() + DEADLINE_MS;
    for (;;) {
      const found = received.find((one) => one.payload?.$case === kind && !taken.has(one));
      if (found?.payload) {
        taken.add(found);
        return found.payload.value as ValueOf<C>;
      }
      const left = until - Date.now();
      if (over || left <= 0) {
        throw new Error(`no ${kind}: ${over ? `ended with ${over.code} ${over.details}` : 'too late'}`);
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        wake.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }
  return {
    received,
    send,
    sendRaw: (bytes) => stream.write(bytes),
    next,
    nextUpdate: async () => {
      const first = await next('configUpdate');
      const parts = [first];
      while (parts.length < first.parts) {
        parts.push(await next('configUpdate'));
      }
      return parts;
    },
    answer: (update, answer, more = {}) => {
      const value: ConfigStatus = {
        configId: update?.configId ?? '',
        version: update?.version ?? 0n,
        status: answer,
        errorMessage: '',
        appliedAt: 0n,
        digest: update?.digest ?? '',
        stage: answer === ConfigApplyStatus.SUCCESS ? 'committed' : 'tested',
        reason: '',
        nginxOutput: '',
        file: '',
        line: 0,
        stageMs: {},
        ...more,
      };
      send({ $case: 'configStatus', value });
    },
    ended,
    pause: () => stream.pause(),
    resume: () => stream.resume(),
    close: () => {
      stream.cancel();
      client.close();
    },
  };
}

/** Shows a registration token; gives the keys for every later call. */
export async function enrolAgent(
  port: number,
  caPem: string,
  token: string,
  pair?: KeyPair,
): Promise<AgentKeys> {
  const { csrPem, keyPem } = pair ?? (await makeKey());
  const stream = openStream(port, { caPem }, '');
  stream.send({ $case: 'registration', value: RegistrationRequest.fromPartial({ token, csrPem }) });
  const answer = await stream.next('registrationResponse');
  await stream.ended;
  if (!answer.success) {
    throw new Error(answer.errorMessage);
  }
  return { caPem: answer.caPem, keyPem, certificatePem: answer.certificatePem };
}

/** What a Debian 12 agent says of itself. */
export const debian12 = (more: Partial<RegistrationRequest> = {}): RegistrationRequest =>
  RegistrationRequest.fromPartial({
    hostname: 'web-1',
    ipAddress: '192.0.2.1',
    version: '0.1.0',
    nginxVersion: '1.22.1',
    nginxModules: ['http_v2', 'http_ssl'],
    ...more,
  });

/** A registered agent's stream, greeted by the gateway. */
export async function connectAgent(
  port: number,
  keys: AgentKeys,
  agentId: string,
  request: RegistrationRequest = debian12(),
): Promise<ScriptedAgent> {
  const stream = openStream(port, keys, agentId);
  stream.send({ $case: 'registration', value: request });
  await stream.next('registrationResponse');
  return stream;
}
