// SPDX-License-Identifier: Apache-2.0
/** The log as text: one event a line, with the hash that chains it to the one before. */
import { statSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import type { Timers } from '../../kernel/index.js';
import type { EventLog } from '../port.js';
import { chained, GENESIS } from './chain.js';
import { type LogFiles, logFiles } from './files.js';
import { hex } from './hex.js';
import { lookAt } from './look.js';
import { type ChainedEvent, walkChain } from './walk.js';

/** Positions and revisions as decimal strings: a JSON number loses digits. */
function line(event: ChainedEvent): string {
  const { position, stream, revision, id, type, meta, data, hash } = event;
  const place = `"position":"${position}","stream":${JSON.stringify(stream)},"revision":"${revision}"`;
  return `{${place},"id":${JSON.stringify(id)},"type":${JSON.stringify(type)},"meta":${meta},"data":${data},"hash":"${hex(hash)}"}\n`;
}

/**
 * Every event in order as NDJSON. From a file: the stored bytes and hashes, each link checked, throwing `ChainBroken` at
 * the first that does not hold. From an open log: events at their newest version, hashed as they stand.
 */
export async function* exportLog(source: string | EventLog): AsyncGenerator<string, void, undefined> {
  if (typeof source === 'string') {
    yield* linesAfter(source, () => 0);
    return;
  }
  let previous: Uint8Array = GENESIS;
  for await (const delivery of source.subscribe({ after: 0n, signal: new AbortController().signal })) {
    if (delivery.kind === 'caught-up') {
      return;
    }
    const { event } = delivery;
    const link = {
      ...event,
      position: Number(event.position),
      revision: Number(event.revision),
      meta: JSON.stringify(event.meta),
      data: JSON.stringify(event.data),
    };
    previous = chained(previous, link);
    yield line({ ...link, hash: previous });
  }
}

export interface TailOptions {
  /** How many of the newest events; 10 when left out. */
  readonly count?: number;
  /** Goes on with what is appended, until `signal` aborts. */
  readonly follow?: { readonly timers: Timers; readonly signal: AbortSignal };
}

const LOOK_AGAIN_MS = 250;

/** The newest events of a log's file as NDJSON, also while another process writes it. */
export async function* tailLog(
  path: string,
  options: TailOptions = {},
): AsyncGenerator<string, void, undefined> {
  const files = logFiles(path);
  const count = options.count ?? 10;
  let seen = changedAt(files);
  let after = yield* linesAfter(path, (end) => Math.max(0, end - count));
  while (options.follow && !options.follow.signal.aborted) {
    const { timers, signal } = options.follow;
    await timers.sleep(LOOK_AGAIN_MS, signal).catch(() => undefined);
    const now = changedAt(files);
    if (now !== seen && !signal.aborted) {
      seen = now;
      const from = after;
      after = yield* linesAfter(path, () => from);
    }
  }
}

/** Differs when the log has changed. */
function changedAt(files: LogFiles): string {
  const states = [files.db, files.wal].map((path) => statSync(path, { throwIfNoEntry: false }));
  return states.map((state) => `${state?.mtimeMs} ${state?.size}`).join(' ');
}

/** Lines of the events behind the position that `start` chooses; gives the position of the last. */
async function* linesAfter(
  path: string,
  start: (end: number) => number,
): AsyncGenerator<string, number, undefined> {
  const look = lookAt(logFiles(path));
  try {
    const db = look.open();
    const end = Number(db.prepare('SELECT coalesce(max(position), 0) FROM events').get()?.[0]);
    let position = start(end);
    for (const batch of walkChain(db, position)) {
      for (const event of batch) {
        yield line(event);
        position = event.position;
      }
      await turn();
    }
    return position;
  } finally {
    look.close();
  }
}
