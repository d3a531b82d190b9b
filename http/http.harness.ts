// SPDX-License-Identifier: Apache-2.0
import { generateKeyPairSync } from 'node:crypto';
import { request as httpRequest, type OutgoingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import { pino } from 'pino';
import { type Clock, systemClock, systemRandom, systemTimers, uuidv7 } from '../kernel/index.js';
import type { Role } from '../schemas/index.js';
import { type HttpAppDeps, httpApp } from './app.js';
import type { Principal } from './authorize.js';
import { jwtAuthenticator, keyId, tokenIssuer } from './jwt.js';

import type { Route } from './route.js';
import { type HttpServerDeps, httpServer } from './server.js';

export const ISSUER = 'https://nxmesh.test';
export const AUDIENCE = 'nxmesh-api';

/** A clock whose wall and monotonic time are moved by hand, on top of the system's. */
export function movableClock(): Clock & { advance(ms: number): void } {
  let ahead = 0;
  return {
    now: () => systemClock.now() + ahead,
    monotonic: () => systemClock.monotonic() + ahead,
    advance: (ms) => {
      ahead += ms;
    },
  };
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test looks at an answer of any shape
  readonly json: any;
}

export interface CallOptions {
  readonly token?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly json?: unknown;
  readonly body?: string | Buffer;
}

export const newId = (): string => uuidv7(systemClock, systemRandom);

/** A real server on a free port, with users made up by the test and real tokens for them. */
export async function startApp(
  routes: readonly Route[],
  options: Partial<HttpAppDeps> & { server?: Partial<HttpServerDeps> } = {},
) {
  const clock = movableClock();
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const kid = keyId(publicKey);
  let withdrawn = false;
  const users = new Map<string, { principal: Principal; sessionVersion: number }>();
  const lines: string[] = [];
  const settings = { issuer: ISSUER, audience: AUDIENCE, clock };
  const issue = tokenIssuer({ ...settings, random: systemRandom, signer: () => ({ privateKey, kid }) });
  const app = httpApp({
    routes,
    authenticate: jwtAuthenticator({
      ...settings,
      findKey: async (name) => (name === kid && !withdrawn ? publicKey : undefined),
      loadPrincipal: async ({ sub, sessionVersion }) => {
        const user = users.get(sub);
        return user?.sessionVersion === sessionVersion ? user.principal : undefined;
      },
    }),
    log: pino({ level: 'info' }, { write: (line: string) => void lines.push(line) }),
    clock,
    random: systemRandom,
    version: '0.0.0-test',
    checkAnswers: true,
    rateLimit: { limit: 100_000, windowMs: 60_000 },
    ...options,
  });
  const server = await httpServer({
    listener: app.listener,
    host: '127.0.0.1',
    port: 0,
    clock,
    timers: systemTimers,
    random: systemRandom,
    ...options.server,
  });

  const call = (method: string, path: string, given: CallOptions = {}): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const body = given.json === undefined ? given.body : JSON.stringify(given.json);
      const headers: OutgoingHttpHeaders = {
        ...(given.json === undefined ? {} : { 'content-type': 'application/json' }),
        ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }),
        ...(given.token === undefined ? {} : { authorization: `Bearer ${given.token}` }),
        ...given.headers,
      };
      const request = httpRequest(
        { host: server.host, port: server.port, method, path, headers, agent: false },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('end', () => {
            const text = Buffer.concat(chunks).toString();
            const isJson = /[/+]json/.test(response.headers['content-type'] ?? '') && text !== '';
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              text,
              json: isJson ? JSON.parse(text) : undefined,
            });
          });
        },
      );
      request.on('error', reject);
      request.end(body);
    });

  return {
    app,
    server,
    clock,
    /** What was logged, a line an entry. */
    lines,
    keys: { privateKey, publicKey, kid },
    /** Takes the signing key out of the ring, or puts it back. */
    withdrawKey: (out: boolean) => {
      withdrawn = out;
    },
    users,
    call,
    /** A new user with these rights, and a token of theirs. */
    async user(roles: Record<string, Role> = {}, isAdmin = false): Promise<{ id: string; token: string }> {
      const id = newId();
      users.set(id, {
        principal: { kind: 'user', id, userId: id, isAdmin, roles, workspaceRoles: {} },
        sessionVersion: 1,
      });
      return { id, token: (await issue({ sub: id, sessionVersion: 1, sessionId: id })).token };
    },
    /** Sends these bytes on a connection of their own and gives all that comes back until it closes. */
    raw: (bytes: string | Buffer, keepOpen = false): Promise<string> =>
      new Promise((resolve, reject) => {
        const socket = connect(server.port, server.host, () => {
          socket.write(bytes);
          if (!keepOpen) {
            socket.end();
          }
        });
        let text = '';
        socket.on('data', (chunk: Buffer) => {
          text += chunk.toString();
        });
        socket.on('close', () => resolve(text));
        socket.on('error', (error) => (text === '' ? reject(error) : resolve(text)));
      }),
    close: () => server.close(1000),
  };
}

export type TestApp = Awaited<ReturnType<typeof startApp>>;
