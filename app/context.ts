// SPDX-License-Identifier: Apache-2.0
/** What the roles of one process share: the log, the stores, the commands, and where to find things. */
import type { Logger } from 'pino';
import { commandHandlers, type Handlers, type Identity, type Locate } from '../commands/index.js';
import type { EventLog } from '../event-log/index.js';
import {
  type Clock,
  type Random,
  systemClock,
  systemRandom,
  systemTimers,
  type Timers,
} from '../kernel/index.js';
import { type Access, access, type Reader, reader, readModels, storedPassed } from '../projections/index.js';
import type { ReadStore } from '../read-store/index.js';
import { type Personal, personal, type Vault } from '../vault/index.js';
import { type FirstKeys, firstKeys } from './first-keys.js';
import { locator } from './locate.js';
import { watchWrites } from './log-writes.js';
import type { ServeSettings } from './settings.js';
import { openStores } from './stores.js';
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
  readonly vault: Vault;
  /** Personal data that stands in the log, under each person's own key. */
  readonly persons: Personal;
  /** Names this process among all that share the stores. */
  readonly owner: string;
  readonly handlers: Handlers;
  readonly users: Identity;
  readonly keys: FirstKeys;
  /** Who may do what, as the log has it now. */
  readonly access: Access;
  readonly reader: Reader;
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
  const [clock, timers, random] = [systemClock, systemTimers, systemRandom];
  const stores = await openStores(settings, { clock, timers, random });
  const { readStore, vault, owner } = stores;
  const { events, fault: logFault } = watchWrites(stores.events, clock);
  const persons = personal(vault, random);
  const handlers = commandHandlers({ log: events, clock, timers, sealAddress: persons.seal });
  const { users, keys } = await firstKeys(settings, {
    handlers,
    readStore,
    vault,
    owner,
    clock,
    timers,
    random,
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
    vault,
    persons,
    owner,
    handlers,
    users,
    keys,
    reader: readers,
    locate: locator(readers),
    access: rights,
    passed: async (position, withinMs) =>
      (await Promise.all([rights.passed(position, withinMs), passed(position, withinMs)])).every(Boolean),
    useLocalPassed: (local) => {
      passed = local;
    },
    close: async () => {
      stopping.abort();
      await following;
      await stores.close();
    },
  };
}
