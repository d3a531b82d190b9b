// SPDX-License-Identifier: Apache-2.0
/** What the roles of one process share: the log, the stores, the commands, and where to find things. */
import type { Logger } from 'pino';
import { commandHandlers, type Handlers, type Locate } from '../commands/index.js';
import type { EventLog } from '../event-log/index.js';
import {
  type Clock,
  errorMessage,
  type Random,
  type Secret,
  systemClock,
  systemRandom,
  systemTimers,
  type Timers,
} from '../kernel/index.js';
import {
  type Access,
  access,
  type ConfigFolds,
  configFolds,
  type Reader,
  reader,
  readModels,
  storedPassed,
  versionName,
} from '../projections/index.js';
import type { ReadStore } from '../read-store/index.js';
import type { TelemetryStore } from '../telemetry/index.js';
import { type Personal, personal, type Vault } from '../vault/index.js';
import { type ApiKeyUse, apiKeyUse } from './api-key-use.js';
import { type Exclusively, exclusively } from './exclusively.js';
import { type FirstKeys, firstKeys } from './first-keys.js';
import { locator } from './locate.js';
import { refuseShorterLog } from './log-continuity.js';
import { watchWrites } from './log-writes.js';
import { firstAdministrator, type People, people } from './people.js';
import type { ServeSettings } from './settings.js';
import { READ_AGAIN_MS } from './signing-keys.js';
import { openStores, type Stores } from './stores.js';
import { supervise } from './supervise.js';

export interface Context {
  readonly settings: ServeSettings;
  readonly log: Logger;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly events: EventLog;
  /** Why the log takes no writes; undefined while it does. */
  readonly logFault: () => Promise<string | undefined>;
  /** When this process began to serve, by the clock that does not jump. */
  readonly started: number;
  readonly readStore: ReadStore;
  /** Metrics and access logs: the read store itself, or a file beside it. */
  readonly telemetryStore: TelemetryStore;
  readonly vault: Vault;
  /** Personal data that stands in the log, under each person's own key. */
  readonly persons: Personal;
  /** Names this process among all that share the stores. */
  readonly owner: string;
  readonly handlers: Handlers;
  readonly people: People;
  readonly keys: FirstKeys;
  /** The first administrator's password, when this start has made one. */
  readonly madePassword: Secret | undefined;
  readonly exclusively: Exclusively;
  readonly keyUse: ApiKeyUse;
  /** Who may do what, as the log has it now. */
  readonly access: Access;
  readonly reader: Reader;
  /** The versions of workspaces, any of them. */
  readonly configs: ConfigFolds;
  readonly locate: Locate;
  /**
   * Whether the read models, and the rights as this process knows them, have passed a position; the process that
   * projects knows sooner than the store.
   */
  passed(position: bigint, withinMs: number): Promise<boolean>;
  useLocalPassed(passed: (position: bigint, withinMs: number) => Promise<boolean>): void;
  close(): Promise<void>;
}

const RIGHTS_MS = 60_000;

class NotStarted extends Error {}

export async function openContext(settings: ServeSettings, log: Logger): Promise<Context> {
  const system = { clock: systemClock, timers: systemTimers, random: systemRandom };
  return contextOn(await openStores(settings, { ...system, log }), settings, log, system);
}

/** The same on stores that are open. */
export async function contextOn(
  stores: Stores,
  settings: ServeSettings,
  log: Logger,
  { clock, timers, random }: Pick<Context, 'clock' | 'timers' | 'random'>,
): Promise<Context> {
  const { readStore, telemetryStore, vault, owner } = stores;
  const { events, fault: logFault } = watchWrites(stores.events, clock);
  await refuseShorterLog(events, readStore, readModels.map(versionName));
  const alone = exclusively({ store: readStore, owner, timers, shared: settings.distributed });
  const persons = personal(vault, random, alone);
  const handlers = commandHandlers({
    log: events,
    clock,
    timers,
    sealAddress: persons.seal,
    alone: !settings.distributed,
  });
  const rights = access({ log: events, clock, timers });
  const stopping = new AbortController();
  const following = supervise('access', (signal) => rights.follow(signal), {
    timers,
    log,
    signal: stopping.signal,
  });
  // Nobody is let in or kept out by rights of yesterday.
  if (!(await rights.passed(await events.head(), RIGHTS_MS))) {
    throw new NotStarted('the event log could not be read to its end in time');
  }
  const { keys, made } = await firstKeys(
    { readStore, vault, owner, clock, timers, random, exclusively: alone },
    async (first) => {
      // Another process may have made the administrator while this one waited for its turn.
      await rights.fresh(RIGHTS_MS);
      const all = people(first, { handlers, access: rights, persons, clock, random, exclusively: alone });
      const madePassword = await firstAdministrator(all, rights, settings, random);
      await rights.fresh(RIGHTS_MS);
      return { people: all, madePassword };
    },
  );
  const reading = timers.every(READ_AGAIN_MS, () => {
    keys.signing.refresh().catch((error: unknown) => {
      log.warn({ error: errorMessage(error) }, 'the signing keys could not be read again');
    });
  });
  const readers = reader(readStore, readModels);
  let passed = storedPassed({ store: readStore, clock, timers }, readModels);
  return {
    settings,
    log,
    clock,
    timers,
    random,
    events,
    logFault,
    started: clock.monotonic(),
    readStore,
    telemetryStore,
    vault,
    persons,
    owner,
    handlers,
    ...made,
    keys,
    exclusively: alone,
    keyUse: apiKeyUse({ store: readStore, clock }),
    reader: readers,
    configs: configFolds({ log: events, clock }),
    locate: locator(readers),
    access: rights,
    passed: async (position, withinMs) =>
      (await Promise.all([rights.passed(position, withinMs), passed(position, withinMs)])).every(Boolean),
    useLocalPassed: (local) => {
      passed = local;
    },
    close: async () => {
      stopping.abort();
      reading();
      await following;
      await stores.close();
    },
  };
}
