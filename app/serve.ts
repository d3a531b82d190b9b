/**
 * The embedded shape: one process with the log, the read models and the vault in one data folder. Composition only:
 * every part gets what it needs from here and knows nothing of the others.
 */
import { createHmac } from 'node:crypto';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { agentGateway, makeToken, openAuthority } from '../agent-gateway/index.js';
import { commandHandlers, identity, passwords, vaultKey, writeRoutes } from '../commands/index.js';
import { eventLog } from '../event-log/index.js';
import { sqliteLog } from '../event-log/sqlite/index.js';
import { httpApp, httpServer, jwtAuthenticator, keyId, loginLimiter, tokenIssuer } from '../http/index.js';
import { Secret, systemClock, systemRandom, systemTimers } from '../kernel/index.js';
import { projectionRunner, reader, readModels, runDesiredConfig } from '../projections/index.js';
import { agentHealth, readRoutes } from '../read-api/index.js';
import { sqliteReadStore } from '../read-store/sqlite/index.js';
import { masterKey, openVault } from '../vault/index.js';
import { commandResults } from './command-result.js';
import { gatewayCommands } from './gateway-commands.js';
import { signingKey } from './keys.js';
import { logger } from './logger.js';
import { locator } from './place.js';
import type { ServeSettings } from './settings.js';
import { supervise } from './supervise.js';
import { desiredConfigCheckpoint } from './workflow-checkpoint.js';

export const VERSION = '0.1.0';

/** The log lets one process in, so that no other can hold a lease: the same name takes it back at once after a crash. */
const OWNER = 'embedded';
const HTTP_GRACE_MS = 5_000;
const GATEWAY_GRACE_MS = 2_000;

const clock = systemClock;
const timers = systemTimers;
const random = systemRandom;

export interface Serving {
  readonly httpUrl: string;
  readonly grpcPort: number;
  /** The first administrator's password, when this start has made one. */
  readonly madePassword: Secret | undefined;
  close(): Promise<void>;
}

/** Starts everything and listens. Rejects with an error that says by name what is wrong. */
export async function serve(settings: ServeSettings): Promise<Serving> {
  const log = logger(settings.logLevel);
  mkdirSync(settings.dataDir, { recursive: true, mode: 0o700 });
  const file = (name: string): string => join(settings.dataDir, name);

  const events = eventLog(await sqliteLog(file('events.db'), { clock }));
  const readStore = sqliteReadStore({ path: file('read.db'), clock, ifUnusable: 'replace' });
  // Only a new vault gets a new key: no other opens an old one.
  const master = masterKey({ path: settings.masterKeyFile, create: !existsSync(file('vault.db')), random });
  const vault = await openVault({
    store: sqliteReadStore({ path: file('vault.db'), clock, durable: true }),
    masterKey: master,
    random,
  });

  const handlers = commandHandlers({ log: events, clock, timers });
  const users = await identity({ handlers, vault, passwords: passwords(), clock, random });
  const madePassword = await firstAdministrator(users, settings);

  const runner = projectionRunner(
    { log: events, store: readStore, clock, timers, random, owner: OWNER },
    readModels,
  );
  const readers = reader(readStore, readModels);
  const locate = locator(readers);
  const stopping = new AbortController();
  const workflow = supervise(
    'desired-config',
    (signal) =>
      runDesiredConfig({ log: events, clock, checkpoint: desiredConfigCheckpoint(readStore) }, signal),
    { timers, log, signal: stopping.signal },
  );

  const authority = await openAuthority({ vault, clock, random });
  const gateway = await agentGateway(
    {
      log: events,
      readStore,
      vault,
      clock,
      timers,
      random,
      logger: log,
      ...gatewayCommands(handlers, locate, clock),
      certificateMaterial: async () => undefined,
    },
    { ...settings.grpcListen, names: settings.grpcNames },
  );
  const grpcPort = await gateway.listen();

  const tokenKey = await vaultKey(vault, 'agents/token-key', random);
  const key = await signingKey(vault);
  const tokens = { issuer: 'nxmesh', audience: 'nxmesh', clock };
  const issue = tokenIssuer({ ...tokens, random, privateKey: key.privateKey, kid: keyId(key.publicKey) });
  const passed = (position: bigint, ms: number): Promise<boolean> => runner.passed(position, ms);
  const app = httpApp({
    version: VERSION,
    rateLimit: { limit: settings.rateLimit, windowMs: 60_000 },
    log,
    clock,
    random,
    authenticate: jwtAuthenticator({
      ...tokens,
      keys: new Map([[keyId(key.publicKey), key.publicKey]]),
      loadPrincipal: async (sub) => {
        const user = await users.find(sub);
        return user && { kind: 'user', id: sub, isAdmin: user.isAdmin, roles: {} };
      },
    }),
    routes: [
      ...writeRoutes({
        handlers,
        locate,
        passed,
        clock,
        random,
        identity: users,
        limiter: loginLimiter({ clock }),
        issue: (userId) => issue({ sub: userId, sessionVersion: 1 }),
        tokenSecret: (commandId) =>
          new Secret(createHmac('sha256', tokenKey.reveal()).update(commandId).digest()),
        makeToken: (agentId, secret) => new Secret(makeToken(agentId, secret.reveal(), authority.sha256)),
        commandResult: commandResults(events, timers),
      }),
      ...readRoutes({
        reader: readers,
        passed,
        health: agentHealth(readStore),
        ready: () => readiness(runner),
      }),
    ],
  });
  const server = await httpServer({ listener: app.listener, ...settings.httpListen, clock, timers, random });
  log.info({ http: server.url, grpc_port: grpcPort, data_dir: settings.dataDir }, 'serving');

  return {
    httpUrl: server.url,
    grpcPort,
    madePassword,
    close: async () => {
      await server.close(HTTP_GRACE_MS);
      await gateway.close(GATEWAY_GRACE_MS);
      stopping.abort();
      await workflow;
      await runner.stop();
      await Promise.all([readStore.close(), vault.close(), events.close()]);
      log.info('stopped');
    },
  };
}

/** Makes the first administrator where there is none; gives the password if it had to make one. */
async function firstAdministrator(
  users: Awaited<ReturnType<typeof identity>>,
  { adminEmail, adminPassword }: ServeSettings,
): Promise<Secret | undefined> {
  const password = adminPassword ?? new Secret(random.bytes(18).toString('base64url'));
  const made = await users.ensureAdmin(adminEmail, password);
  return made && adminPassword === undefined ? password : undefined;
}

async function readiness(runner: ReturnType<typeof projectionRunner>): Promise<{ ok: boolean; why: string }> {
  const behind = (await runner.status()).filter((one) => one.state !== 'live');
  return { ok: behind.length === 0, why: behind.map((one) => `${one.name} is ${one.state}`).join(', ') };
}
