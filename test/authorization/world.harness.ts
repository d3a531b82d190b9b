// SPDX-License-Identifier: Apache-2.0
/**
 * The whole program in this process, with the table of routes that it has and a real log and read models, but with
 * principals that a test makes up: what they may do follows from events, who they are from a header.
 */
import { Agent, request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { join } from 'node:path';
import { pino } from 'pino';
import { serveOptions } from '../../app/options.js';
import { application } from '../../app/serve.js';
import { serveSettings } from '../../app/settings.js';
import { anonymous, httpApp, httpServer, type Principal, type Route } from '../../http/index.js';
import { categoryOf, eventId, NxError, timestamp, uuidv5 } from '../../kernel/index.js';
import { type Fact, schemaVersion } from '../../schemas/index.js';
import { folder } from '../harness/folder.js';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test looks at an answer of any shape
  readonly json: any;
}

/** An answer with what it answers. */
export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly answer: Answer;
}

export interface CallOptions {
  /** Text goes as it is, anything else as JSON. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Of everybody. */
export const PASSWORD = 'Canary-Password-7d1f';
const ADMIN = { adminEmail: 'root@people.example', adminPassword: PASSWORD };

export async function startWorld(name: string) {
  const data = folder(name);
  const presets = serveOptions(undefined).map((one) => [one.attributeName(), one.defaultValue as string]);
  const settings = serveSettings({
    ...(Object.fromEntries(presets) as Record<string, string>),
    dataDir: data.path,
    httpListen: '127.0.0.1:0',
    grpcListen: '127.0.0.1:0',
    // The policy decides, not where the test asks from.
    metricsAccess: 'signed-in',
    ...ADMIN,
  });
  const lines: string[] = [];
  const log = pino({ level: 'debug' }, { write: (line: string) => void lines.push(line) });
  const { context, routes, close } = await application(settings, log);
  const { access, clock, timers, random } = context;

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

  const answers: Seen[] = [];
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
          const isJson =
            /^application\/(problem\+)?json/.test(response.headers['content-type'] ?? '') && got !== '';
          const { headers: fields, statusCode: status = 0 } = response;
          const json = isJson ? JSON.parse(got) : undefined;
          const answer = { status, headers: fields, text: got, json };
          answers.push({ method, path, answer });
          resolve(answer);
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

  const ids = new Map([['administrator', access.administrators()[0] ?? '']]);
  const idOf = (who: string): string => ids.get(who) ?? uuidv5('nobody', who);
  const rightsOf = (who: string) => {
    const rights = access.rights(idOf(who));
    if (!rights) {
      throw new Error(`${who} has no rights`);
    }
    return rights;
  };
  const person = (who: string) => (): Principal => ({
    kind: 'user',
    id: idOf(who),
    sessionId: uuidv5('session', who),
    ...rightsOf(who),
  });
  principals.set('administrator', person('administrator'));

  /** Appends a fact as if a command had made it. */
  async function append(stream: string, fact: Fact, place: Readonly<Record<string, string>>): Promise<void> {
    const id = uuidv5('fact', stream);
    const meta = {
      command_id: id,
      command_digest: id,
      correlation_id: id,
      causation_id: id,
      actor: 'system',
      schema_version: String(schemaVersion(fact.type)),
      recorded_at: timestamp(clock.now()),
      ...place,
    };
    await context.events.append(stream, 'none', [{ ...fact, id: eventId(id, 0), meta }]);
  }

  return {
    context,
    append,
    routes,
    call,
    /** Every answer so far. */
    answers,
    /** Everything that was logged, a line an entry. */
    lines,
    dataDir: data.path,
    file: (name: string): string => join(data.path, name),
    idOf,
    /** A new user, who asks as `who`. */
    user: async (who: string): Promise<string> => {
      const body = { username: `the-${who}`, email: `${who}@people.example`, password: PASSWORD };
      const answer = await call('administrator', 'POST', '/v1/users', { body });
      if (answer.status !== 201) {
        throw new Error(`${who}: ${answer.status} ${answer.text}`);
      }
      ids.set(who, answer.json.id);
      principals.set(who, person(who));
      return answer.json.id;
    },
    /** A key of a user, which asks as `name`. */
    key: (name: string, of: string, scopes: readonly string[], organizationId?: string): void => {
      const only = organizationId === undefined ? {} : { organizationId };
      const id = uuidv5('api_key', name);
      principals.set(name, () => ({ kind: 'api_key', id, ...rightsOf(of), scopes, ...only }));
    },
    /** How many events there are; without those of the audit, which signs its chains by the clock. */
    written: async (): Promise<number> => {
      let count = 0;
      for await (const one of context.events.subscribe({ after: 0n, signal: AbortSignal.timeout(30_000) })) {
        if (one.kind === 'caught-up') {
          return count;
        }
        count += categoryOf(one.event.stream) === 'audit' ? 0 : 1;
      }
      throw new Error('the log was not read to its end');
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
