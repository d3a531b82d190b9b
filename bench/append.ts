// SPDX-License-Identifier: Apache-2.0
/**
 * Durable appends through the event log's port on SQLite (validation, serialisation, hash chain) against a bare SQLite
 * group commit of the same events at the same concurrency, in turns; medians. Then the same with every fsync
 * slowed down, in child processes with a preloaded library, for which a C compiler is needed.
 */
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { newStream, upstreamCreated } from '../event-log/contract/subject.harness.js';
import { eventLog } from '../event-log/index.js';
import { openDatabase } from '../event-log/sqlite/database.js';
import { sqliteLog } from '../event-log/sqlite/index.js';
import type { NewEvent } from '../schemas/index.js';
import { median, perSecond, ratio } from './figures.js';

type Append = (stream: string, revision: number, event: NewEvent) => Promise<unknown>;

interface Target {
  append: Append;
  close(): Promise<void>;
}

async function ours(folder: string): Promise<Target> {
  const log = eventLog(await sqliteLog(join(folder, `${randomUUID()}.db`)));
  return {
    append: (stream, revision, event) =>
      log.append(stream, revision === 0 ? 'none' : BigInt(revision - 1), [event]),
    close: () => log.close(),
  };
}

/** The least that a group commit can be: one connection, integer stream ids, the same unique keys, no checks. */
async function bare(folder: string): Promise<Target> {
  const db = openDatabase(join(folder, `${randomUUID()}.db`), 'read-write');
  db.exec(`PRAGMA journal_mode = WAL;
    CREATE TABLE events (position INTEGER PRIMARY KEY, stream INTEGER NOT NULL, revision INTEGER NOT NULL,
      id TEXT NOT NULL UNIQUE, type TEXT NOT NULL, meta TEXT NOT NULL, data TEXT NOT NULL, UNIQUE (stream, revision))`);
  const insert = db.prepare('INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?)');
  const streams = new Map<string, number>();
  let position = 0;
  let waiting: (() => void)[] = [];
  let scheduled = false;
  const commit = (): void => {
    scheduled = false;
    const group = waiting;
    waiting = [];
    db.exec('COMMIT');
    for (const done of group) {
      done();
    }
  };
  return {
    append: (stream, revision, event) =>
      new Promise<void>((done) => {
        if (!scheduled) {
          scheduled = true;
          db.exec('BEGIN IMMEDIATE');
          setImmediate(commit);
        }
        const id = streams.get(stream) ?? streams.size + 1;
        streams.set(stream, id);
        position += 1;
        const { meta, data } = event;
        insert.run(position, id, revision, event.id, event.type, JSON.stringify(meta), JSON.stringify(data));
        waiting.push(done);
      }),
    close: async () => db.close(),
  };
}

const WARM = 5000;

/** Appends a second of which `clients` at once take part; the events are made beforehand. */
async function rate(
  open: (folder: string) => Promise<Target>,
  clients: number,
  each: number,
  warmUp = WARM,
): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'nxmesh-bench-'));
  const target = await open(folder);
  // A new thread is cold: what is asked is how it goes on.
  const warm = Math.ceil(warmUp / clients);
  const work = Array.from({ length: clients }, () => ({
    stream: newStream(),
    events: Array.from({ length: warm + each }, (_, index) => upstreamCreated(index)),
  }));
  const run = async (from: number, to: number): Promise<void> => {
    await Promise.all(
      work.map(async ({ stream, events }) => {
        for (const [index, event] of events.slice(from, to).entries()) {
          await target.append(stream, from + index, event);
        }
      }),
    );
  };
  await run(0, warm);
  const started = performance.now();
  await run(warm, warm + each);
  const seconds = (performance.now() - started) / 1000;
  await target.close();
  rmSync(folder, { recursive: true, force: true });
  return (clients * each) / seconds;
}

async function compare(rounds: number): Promise<void> {
  for (const [clients, each] of [
    [1, 2000],
    [64, 500],
    [1024, 50],
  ] as const) {
    const found = { bare: [] as number[], ours: [] as number[] };
    for (let round = 0; round < rounds; round += 1) {
      found.bare.push(await rate(bare, clients, each));
      found.ours.push(await rate(ours, clients, each));
    }
    const target = clients === 1 ? '' : ' (target ≥ 0.60)';
    console.log(
      `${clients} clients: port ${perSecond(median(found.ours))}, bare ${perSecond(median(found.bare))}, ` +
        `ratio ${ratio(median(found.ours), median(found.bare))}${target}`,
    );
  }
}

/** In the child: figures as JSON on its output. */
async function slowed(): Promise<void> {
  const found = { one: [] as number[], many: [] as number[] };
  for (let round = 0; round < 3; round += 1) {
    found.one.push(await rate(ours, 1, 200, 100));
    found.many.push(await rate(ours, 64, 100));
  }
  console.log(JSON.stringify({ one: median(found.one), many: median(found.many) }));
}

async function delayed(): Promise<void> {
  await rate(ours, 64, 20, 1000);
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const found = await rate(ours, 64, 20, 1000);
  delay.disable();
  console.log(JSON.stringify({ max: delay.max / 1e6, p50: delay.percentile(50) / 1e6, rate: found }));
}

const SHIM = `
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>
static void slow(void) { usleep(atoi(getenv("FSYNC_US"))); }
int fsync(int fd) { slow(); return ((int (*)(int))dlsym(RTLD_NEXT, "fsync"))(fd); }
int fdatasync(int fd) { slow(); return ((int (*)(int))dlsym(RTLD_NEXT, "fdatasync"))(fd); }
`;

function withSlowFsync(): void {
  const folder = mkdtempSync(join(tmpdir(), 'nxmesh-bench-'));
  const source = join(folder, 'shim.c');
  const library = join(folder, 'shim.so');
  writeFileSync(source, SHIM);
  try {
    execFileSync('gcc', ['-shared', '-fPIC', '-O2', '-o', library, source, '-ldl'], { stdio: 'ignore' });
  } catch {
    console.log('slowed fsync: not measured, no C compiler');
    return;
  }
  const child = (mode: string, us: number): Record<string, number> =>
    JSON.parse(
      execFileSync(process.execPath, [import.meta.filename, mode], {
        env: { ...process.env, LD_PRELOAD: library, FSYNC_US: String(us) },
        encoding: 'utf8',
      }),
    ) as Record<string, number>;
  const { one = 0, many = 0 } = child('slowed', 2000);
  console.log(
    `fsync 2 ms: 1 client ${perSecond(one)}, 64 clients ${perSecond(many)}, ${(many / one).toFixed(1)} × (target ≥ 40)`,
  );
  const { max = 0, p50 = 0 } = child('delayed', 100_000);
  console.log(
    `fsync 100 ms, 64 clients: event loop delay p50 ${p50.toFixed(1)} ms, max ${max.toFixed(1)} ms (an fsync in it would show as 100)`,
  );
  rmSync(folder, { recursive: true, force: true });
}

switch (process.argv[2]) {
  case 'slowed':
    await slowed();
    break;
  case 'delayed':
    await delayed();
    break;
  default:
    await compare(5);
    withSlowFsync();
}
