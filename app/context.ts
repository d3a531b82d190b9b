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
import { type Reader, reader, readModels, storedPassed } from '../projections/index.js';
import type { ReadStore } from '../read-store/index.js';
import type { TelemetryStore } from '../telemetry/index.js';
import type { Vault } from '../vault/index.js';
import { type FirstKeys, firstKeys } from './first-keys.js';
import { locator } from './locate.js';
import type { ServeSettings } from './settings.js';
import { openStores } from './stores.js';

export interface Context {
  readonly settings: ServeSettings;
  readonly log: Logger;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly events: EventLog;
  readonly readStore: ReadStore;
  /** Metrics and access logs: the read store itself, or a file beside it. */
  readonly telemetryStore: TelemetryStore;
  readonly vault: Vault;
  /** Names this process among all that share the stores. */
  readonly owner: string;
  readonly handlers: Handlers;
  readonly users: Identity;
  readonly keys: FirstKeys;
  readonly reader: Reader;
  readonly locate: Locate;
  /** Whether the read models have passed a position; the process that projects knows sooner than the store. */
  passed(position: bigint, withinMs: number): Promise<boolean>;
  useLocalPassed(passed: (position: bigint, withinMs: number) => Promise<boolean>): void;
  close(): Promise<void>;
}

export async function openContext(settings: ServeSettings, log: Logger): Promise<Context> {
  const [clock, timers, random] = [systemClock, systemTimers, systemRandom];
  const stores = await openStores(settings, { clock, timers, random });
  const { events, readStore, telemetryStore, vault, owner } = stores;
  const handlers = commandHandlers({ log: events, clock, timers });
  const { users, keys } = await firstKeys(settings, {
    handlers,
    readStore,
    vault,
    owner,
    clock,
    timers,
    random,
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
    readStore,
    telemetryStore,
    vault,
    owner,
    handlers,
    users,
    keys,
    reader: readers,
    locate: locator(readers),
    passed: (position, withinMs) => passed(position, withinMs),
    useLocalPassed: (local) => {
      passed = local;
    },
    close: stores.close,
  };
}
