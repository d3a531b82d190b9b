// SPDX-License-Identifier: Apache-2.0
/**
 * The whole program in this process, with the table of routes that it has and a real log and read models, but with
 * principals that a test makes up: what they may do follows from events, who they are from a header.
 */
import { Agent, request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { join } from 'node:path';
import { pino } from 'pino';
import { application } from '../../app/serve.js';
import { serveSettings } from '../../app/settings.js';
import { anonymous, httpApp, httpServer, type Principal, type Route } from '../../http/index.js';
import {
  eventId,
  NxError,
  Secret,
  streams,
  systemRandom,
  timestamp,
  uuidv5,
  uuidv7,
} from '../../kernel/index.js';
import { type Fact, schemaVersion } from '../../schemas/index.js';
import { folder } from '../harness/folder.js';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test looks at an answer of any shape
  readonly json: any;
}

export interface CallOptions {
  /** Text goes as it is, anything else as JSON. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

const ADMIN = { adminEmail: 'root@example.com', adminPassword: 'canary-admin-password-7d1f' };

export async function startWorld(name: string) {
  const data = folder(name);
  const settings = serveSettings({
    dataDir: data.path,
    httpListen: '127.0.0.1:0',
    grpcListen: '127.0.0.1:0',
    ...ADMIN,
    mongodbDatabase: 'nxmesh',
    kafkaTopic: 'nxmesh.events',
    roles: 'commands,projections,read-api,agent-gateway,publishers',
    rateLimit: '1000000',
    logLevel: 'debug',
  });
  const lines: string[] = [];
  const log = pino({ level: 'debug' }, { write: (line: string) => void lines.push(line) });
  const { context, routes, close } = await application(settings, log);
  const { events, access, clock, timers, random } = context;

  /** Who asks, by what stands behind `Bearer`. */
  const principals = new Map<string, () => Principal>();
  const app = httpApp({
    routes,
    version: '0.0.0-test',
    log,
    clock,
    random,
    checkAnswers: true,
    rateLimit: { limit: 10_000_000, windowMs: 60_000 },
    authenticate: async (ctx) => {
      const principal = principals.get((ctx.req.headers.authorization ?? '').replace(/^Bearer /, ''))?.();
      if (!principal || principal === anonymous) {
        throw new NxError('UNAUTHORIZED', 'Authentication required');
      }
      return principal;
    },
  });
  const server = await httpServer({
    listener: app.listener,
    host: '127.0.0.1',
    port: 0,
    clock,
    timers,
    random,
  });
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });

  const call = (as: string, method: string, path: string, given: CallOptions = {}): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const { body } = given;
      const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
      const headers = {
        ...(as === '' ? {} : { authorization: `Bearer ${as}` }),
        ...(text === undefined
          ? {}
          : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
        ...given.headers,
      };
      const options = { host: server.host, port: server.port, method, path, headers, agent };
      const request = httpRequest(options, (response) => {
        const chunks: Buffer[] = [];
        const done = (): void => {
          const got = Buffer.concat(chunks).toString();
          const isJson = /json/.test(response.headers['content-type'] ?? '') && got !== '';
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            text: got,
            json: isJson ? JSON.parse(got) : undefined,
          });
        };
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', done);
        if (/event-stream/.test(response.headers['content-type'] ?? '')) {
          done();
          request.destroy();
        }
      });
      request.on('error', reject);
      request.end(text);
    });

  /** Appends a fact as if a command had made it, and lets the rights of this process see it. */
  async function append(stream: string, fact: Fact): Promise<void> {
    const id = uuidv7(clock, systemRandom);
    const meta = {
      command_id: id,
      command_digest: id,
      correlation_id: id,
      causation_id: id,
      actor: 'system',
      schema_version: String(schemaVersion(fact.type)),
      recorded_at: timestamp(clock.now()),
    };
    const { position } = await events.append(stream, 'none', [{ ...fact, id: eventId(id, 0), meta }]);
    await access.passed(position, 5_000);
  }

  const idOf = (name: string): string => uuidv5('user', name);
  const rightsOf = (name: string) => {
    const rights = access.rights(idOf(name));
    if (!rights) {
      throw new Error(`${name} has no rights`);
    }
    return rights;
  };

  return {
    context,
    routes,
    call,
    /** Everything that was logged, a line an entry. */
    lines,
    dataDir: data.path,
    file: (name: string): string => join(data.path, name),
    idOf,
    adminPassword: new Secret(ADMIN.adminPassword),
    /** A new user, who asks as `name`. */
    user: async (name: string, isAdmin = false): Promise<string> => {
      const at = timestamp(clock.now());
      await append(streams.user(idOf(name)), {
        type: 'user.created',
        data: { user_id: idOf(name), is_admin: isAdmin, at },
      });
      const sessionId = uuidv5('session', name);
      principals.set(name, () => ({ kind: 'user', id: idOf(name), sessionId, ...rightsOf(name) }));
      return idOf(name);
    },
    /** A key of a user, which asks as `name`. */
    key: (name: string, of: string, scopes: readonly string[], organizationId?: string): void => {
      const only = organizationId === undefined ? {} : { organizationId };
      const id = uuidv5('api_key', name);
      principals.set(name, () => ({ kind: 'api_key', id, ...rightsOf(of), scopes, ...only }));
    },
    principal: (name: string): Principal => principals.get(name)?.() ?? anonymous,
    close: async (): Promise<void> => {
      agent.destroy();
      await server.close(1000);
      await close();
      data.remove();
    },
  };
}

export type World = Awaited<ReturnType<typeof startWorld>>;
export type { Route };
