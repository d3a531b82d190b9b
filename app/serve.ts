// SPDX-License-Identifier: Apache-2.0
/**
 * Starts the roles that the settings name in this process: all of them by default. Composition only; every part gets
 * what it needs from here and knows nothing of the others.
 */
import type { Logger } from 'pino';
import {
  acceptSockets,
  type HttpApp,
  httpApp,
  httpServer,
  platformRoutes,
  type Route,
} from '../http/index.js';
import type { Secret } from '../kernel/index.js';
import { metricsRoute, probes, statusRoute } from '../read-api/index.js';
import { authenticator } from './authenticate.js';
import { type Context, openContext } from './context.js';
import { connectionsAtMost } from './limits.js';
import { logger } from './logger.js';
import { type Metrics, metrics } from './metrics.js';
import type { Part, Role } from './roles/part.js';
import type { ServeSettings } from './settings.js';
import { lookAt, ready } from './status.js';

export const VERSION = '0.1.0';
const MINUTE_MS = 60_000;
const HTTP_GRACE_MS = 5_000;

/** A role's code is loaded only where it runs. Those that others wait for come first. */
const STARTERS: readonly (readonly [Role, () => Promise<(context: Context) => Promise<Part>>])[] = [
  ['projections', async () => (await import('./roles/projections.js')).projectionsRole],
  ['commands', async () => (await import('./roles/commands.js')).commandsRole],
  ['read-api', async () => (await import('./roles/read-api.js')).readApiRole],
  ['publishers', async () => (await import('./roles/publishers.js')).publishersRole],
  ['agent-gateway', async () => (await import('./roles/agent-gateway.js')).agentGatewayRole],
];

export interface Serving {
  /** The first administrator's password, when this start has made one. */
  readonly madePassword: Secret | undefined;
  close(): Promise<void>;
}

/** Starts and listens. Rejects with an error that says by name what is wrong. */
export async function serve(settings: ServeSettings): Promise<Serving> {
  const log = logger(settings.logLevel);
  const { context, parts, app, close } = await application(settings, log);
  const { clock, timers, random } = context;
  for (const part of parts) {
    await part.listen?.();
  }
  const server = await httpServer({
    listener: app.listener,
    ...settings.httpListen,
    maxConnections: connectionsAtMost(),
    log,
    clock,
    timers,
    random,
  });
  const refuseSockets = acceptSockets(
    server.server,
    parts.flatMap((part) => part.sockets ?? []),
    { log, clock, timers, random, trustedProxies: settings.trustedProxies },
  );
  log.info({ http: server.url, roles: settings.roles, data_dir: settings.dataDir }, 'serving');

  return {
    madePassword: context.madePassword,
    close: async () => {
      refuseSockets();
      for (const part of parts) {
        part.drain?.();
      }
      await server.close(HTTP_GRACE_MS);
      await close();
      log.info('stopped');
    },
  };
}

export interface Application {
  readonly context: Context;
  readonly parts: readonly Part[];
  /** Everything that it answers. */
  readonly routes: readonly Route[];
  readonly app: HttpApp;
  close(): Promise<void>;
}

/** Everything that `serve` starts, before it listens. */
export async function application(settings: ServeSettings, log: Logger): Promise<Application> {
  const context = await openContext(settings, log);
  const { parts, routes, measuring } = await assemble(context);
  const { clock, random } = context;
  const app = httpApp({
    version: VERSION,
    log,
    clock,
    random,
    rateLimit: { limit: settings.rateLimit, windowMs: MINUTE_MS },
    networkLimit: { limit: settings.rateLimitNetwork, windowMs: MINUTE_MS },
    corsOrigins: settings.corsOrigins,
    trustedProxies: settings.trustedProxies,
    observe: measuring.observe,
    authenticate: authenticator(context),
    routes,
  });
  const close = async (): Promise<void> => {
    for (const part of parts.toReversed()) {
      await part.close();
    }
    await context.close();
  };
  return { context, parts, routes, app, close };
}

/** The parts of the roles that run here, and the table of everything that they answer. */
export async function assemble(
  context: Context,
): Promise<{ parts: readonly Part[]; routes: readonly Route[]; measuring: Metrics }> {
  const { clock, started, settings } = context;
  const parts: Part[] = [];
  for (const [role, starter] of STARTERS) {
    if (settings.roles.includes(role)) {
      parts.push(await (await starter())(context));
    }
  }
  const measuring = metrics(context, parts);
  const routes = [
    ...parts.flatMap((part) => part.routes ?? []),
    ...probes(() => ready(context, parts)),
    metricsRoute(settings.metricsAccess, measuring.text),
    statusRoute(async () => ({
      ...(await lookAt(context, parts)),
      version: VERSION,
      uptime: Math.floor((clock.monotonic() - started) / 1000),
    })),
  ];
  return { parts, routes: [...routes, ...platformRoutes(routes)], measuring };
}
