// SPDX-License-Identifier: Apache-2.0
/** The control plane in this process, on stores in memory and a clock that is moved by hand; several may share stores. */
import { pino } from 'pino';
import { eventLog, memoryLog } from '../event-log/index.js';
import { httpApp, httpServer, platformRoutes } from '../http/index.js';
import { Secret, systemClock, systemRandom, systemTimers } from '../kernel/index.js';
import { memoryReadStore } from '../read-store/index.js';
import { openVault } from '../vault/index.js';
import { authenticator } from './authenticate.js';
import { contextOn } from './context.js';
import { serveOptions } from './options.js';
import { commandsRole } from './roles/commands.js';
import { projectionsRole } from './roles/projections.js';
import { readApiRole } from './roles/read-api.js';
import { serveSettings } from './settings.js';

export const ADMIN = { email: 'admin@example.com', password: 'correct horse battery' };

export function movableClock() {
  let ahead = 0;
  return {
    now: () => systemClock.now() + ahead,
    monotonic: () => systemClock.monotonic() + ahead,
    advance: (ms: number) => {
      ahead += ms;
    },
  };
}

export type Backend = Awaited<ReturnType<typeof memoryBackend>>;

export const masterKey = new Secret(Buffer.alloc(32, 7));

export async function memoryBackend(clock = movableClock()) {
  const vaultStore = memoryReadStore({ clock });
  return {
    clock,
    events: eventLog(memoryLog()),
    readStore: memoryReadStore({ clock }),
    vaultStore,
    vault: await openVault({
      store: vaultStore,
      masterKey,
      random: systemRandom,
    }),
  };
}

export interface Call {
  readonly token?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface PlaneAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test looks at an answer of any shape
  readonly body: any;
}

/** What each setting is when nobody says anything. */
const presets = (): Record<string, string> =>
  Object.fromEntries(
    serveOptions(undefined).flatMap((option) =>
      option.defaultValue === undefined ? [] : [[option.attributeName(), String(option.defaultValue)]],
    ),
  );

/** One process of it. `shared`: others use the stores too. */
export async function plane(backend: Backend, owner = 'one', shared = false) {
  const { clock, events, readStore, vault } = backend;
  const lines: string[] = [];
  const log = pino({ level: 'debug' }, { write: (line: string) => void lines.push(line) });
  const settings = {
    ...serveSettings({
      ...presets(),
      adminEmail: ADMIN.email,
      adminPassword: ADMIN.password,
      rateLimit: '1000000',
      rateLimitNetwork: '1000000',
      logLevel: 'debug',
      dataDir: '/nonexistent',
    }),
    distributed: shared,
  };
  const stores = { events, readStore, telemetryStore: readStore, vault, owner, close: async () => {} };
  const context = await contextOn(stores, settings, log, {
    clock,
    timers: systemTimers,
    random: systemRandom,
  });
  const parts = [await projectionsRole(context), await commandsRole(context), await readApiRole(context)];
  const routes = parts.flatMap((part) => part.routes ?? []);
  const app = httpApp({
    version: '0.0.0-test',
    log,
    clock,
    random: systemRandom,
    rateLimit: { limit: 1_000_000, windowMs: 60_000 },
    networkLimit: { limit: 1_000_000, windowMs: 60_000 },
    authenticate: authenticator(context),
    routes: [...routes, ...platformRoutes(routes)],
    checkAnswers: true,
  });
  const server = await httpServer({
    listener: app.listener,
    host: '127.0.0.1',
    port: 0,
    clock,
    timers: systemTimers,
    random: systemRandom,
  });

  async function call(method: string, path: string, body?: unknown, given: Call = {}): Promise<PlaneAnswer> {
    const { token, headers = {} } = given;
    const response = await fetch(`${server.url}${path}`, {
      method,
      headers: {
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      text,
      body: text === '' ? undefined : JSON.parse(text),
    };
  }

  return {
    ...context,
    context,
    server,
    lines,
    call,
    /** Tokens of somebody who signs in. */
    signIn: async (email = ADMIN.email, password = ADMIN.password) => {
      const answer = await call('POST', '/v1/auth/login', { email, password });
      if (answer.status !== 200) {
        throw new Error(`login: ${answer.status} ${answer.text}`);
      }
      return answer.body as { access_token: string; refresh_token: string };
    },
    close: async () => {
      await server.close(1000);
      for (const part of parts.toReversed()) {
        await part.close();
      }
      await context.close();
    },
  };
}

export type Plane = Awaited<ReturnType<typeof plane>>;

export const PASSWORD = 'Correct-Horse-9';

/** A user of this name, with tokens. */
export async function newUser(on: Plane, adminToken: string, name: string, more: object = {}) {
  const body = { username: name, email: `${name}@example.com`, password: PASSWORD, ...more };
  const made = await on.call('POST', '/v1/users', body, { token: adminToken });
  if (made.status !== 201) {
    throw new Error(`user: ${made.status} ${made.text}`);
  }
  const tokens = await on.signIn(body.email, PASSWORD);
  return {
    id: made.body.id as string,
    email: body.email,
    token: tokens.access_token,
    refresh: tokens.refresh_token,
  };
}
