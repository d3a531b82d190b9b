// SPDX-License-Identifier: Apache-2.0
import * as assert from 'uvu/assert';
import { type EventLog, eventLog, memoryLog } from '../event-log/index.js';
import { systemClock, systemRandom, systemTimers } from '../kernel/index.js';
import { memoryReadStore, type ReadStore } from '../read-store/index.js';
import * as make from './facts.harness.js';
import { readModels } from './models.js';
import type { Projection } from './projection.js';
import { projectionRunner, type Runner, type RunnerOptions } from './runner.js';

let owners = 0;

export function startRunner(
  log: EventLog,
  store: ReadStore,
  projections: readonly Projection[] = readModels,
  options: RunnerOptions = {},
): Runner {
  owners += 1;
  const deps = { log, store, clock: systemClock, timers: systemTimers, random: systemRandom };
  return projectionRunner({ ...deps, owner: `owner-${process.pid}-${owners}` }, projections, {
    leaseTtlMs: 300,
    ...options,
  });
}

/** Waits until `what` gives something other than undefined or false. */
export async function until<T>(what: () => T | Promise<T>, withinMs = 10_000): Promise<NonNullable<T>> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const value = await what();
    if (value !== undefined && value !== null && value !== false) {
      return value;
    }
    if (performance.now() > deadline) {
      throw new Error(`not within ${withinMs} ms: ${what.toString()}`);
    }
    await new Promise((done) => setTimeout(done, 5));
  }
}

/** The hash of every collection of these projections, by name. */
export async function hashes(
  store: ReadStore,
  projections: readonly Projection[] = readModels,
): Promise<Record<string, string>> {
  const names = projections.flatMap(({ name, version, collections }) =>
    collections.map((one) => `${name}.v${version}/${one.name}`),
  );
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await store.hash(name)] as const)),
  );
}

/** An empty log and an empty store in memory. */
export function setup() {
  const log = eventLog(memoryLog());
  const append = make.factWriter(log);
  const store = memoryReadStore({ clock: systemClock });
  const create = (name: string) =>
    append(make.WORKSPACE, { type: 'upstream.created', data: { upstream: make.upstream(name) } });
  return { log, append, store, create };
}

/** Hashes of the read models of a log, made from scratch in one go. */
export async function rebuilt(log: EventLog, projections = readModels): Promise<Record<string, string>> {
  const store = memoryReadStore({ clock: systemClock });
  const runner = startRunner(log, store, projections);
  assert.ok(await runner.passed(await log.head(), 10_000));
  await runner.stop();
  return hashes(store, projections);
}
