// SPDX-License-Identifier: Apache-2.0
/** Checks a log at rest or in use, whole, without changing a byte of it. */
import { existsSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { errorMessage, never } from '../../kernel/index.js';
import { GENESIS } from './chain.js';
import type { Database } from './database.js';
import { type LogFiles, logFiles } from './files.js';
import { type Head, readHead } from './head.js';
import { hex } from './hex.js';
import { type Look, lookAt } from './look.js';
import { APPLICATION_ID, SCHEMA_VERSION } from './schema.js';
import { damagedPages } from './sums.js';
import { readWal } from './wal.js';
import { ChainBroken, type DamagedEvent, walkChain } from './walk.js';

export interface Damage {
  /** Name of the file that the damage is in; that of the database when it is known only by its effect. */
  readonly file: string;
  readonly what: string;
  /** The first damaged event, when an event is touched. */
  readonly event?: DamagedEvent;
}

export type Verification =
  | {
      readonly ok: true;
      readonly count: number;
      readonly head: Head;
      /** A process has the log open: its files change, so that only the events were checked. */
      readonly inUse: boolean;
    }
  | { readonly ok: false; readonly damage: readonly Damage[] };

/** How many findings are told; one damage may show in many places. */
const MAX_DAMAGE = 20;

/** Verifies the log in the file at `path`. Throws `LogNotOpened` when it cannot be looked at. */
export async function verifyLog(path: string): Promise<Verification> {
  const files = logFiles(path);
  const look = lookAt(files);
  try {
    const found = look.inUse ? [] : damagedFiles(files);
    return await verified(look, files, found);
  } finally {
    look.close();
  }
}

function damagedFiles(files: LogFiles): Damage[] {
  const wal = existsSync(files.wal) ? readWal(readFileSync(files.wal)) : { pages: new Map(), damage: [] };
  const pages = existsSync(files.sums)
    ? damagedPages(files.sums, files.db, wal.pages)
    : ['the checksums of its pages are missing'];
  const at =
    (path: string) =>
    (what: string): Damage => ({ file: basename(path), what });
  return [
    ...wal.damage.map(at(files.wal)),
    ...pages.map(at(files.db)),
    ...damagedHead(files.head).map(at(files.head)),
  ];
}

function damagedHead(path: string): string[] {
  const remembered = readHead(path);
  switch (remembered.kind) {
    case 'none':
      return ['the remembered head is missing'];
    case 'unreadable':
      return ['the remembered head is damaged'];
    case 'head':
      return remembered.damaged.map((slot) => `copy ${slot} of the remembered head is damaged`);
    default:
      return never(remembered);
  }
}

async function verified(look: Look, files: LogFiles, found: readonly Damage[]): Promise<Verification> {
  const file = basename(files.db);
  const remembered = readHead(files.head);
  const damage: Damage[] = [];
  let end: Head = { position: 0, hash: hex(GENESIS) };
  try {
    const db = look.open();
    damage.push(...wrongHeader(db, file));
    end = await walked(db, remembered.kind === 'head' ? remembered.head : end);
    damage.push(...(look.inUse ? [] : inconsistent(db, file)));
  } catch (error) {
    const event = error instanceof ChainBroken ? { event: error.at } : {};
    damage.push({ file, what: errorMessage(error), ...event });
  }
  const all = [...damage, ...found].slice(0, MAX_DAMAGE);
  return all.length > 0
    ? { ok: false, damage: all }
    : { ok: true, count: end.position, head: end, inUse: look.inUse };
}

/** Walks the whole chain past the remembered head; gives its end. Throws `ChainBroken`. */
async function walked(db: Database, head: Head): Promise<Head> {
  let end: Head = { position: 0, hash: hex(GENESIS) };
  // One transaction: a log in use goes on growing, and this reader stays where it is.
  db.exec('BEGIN');
  for (const batch of walkChain(db, 0)) {
    for (const { position, stream, revision, hash } of batch) {
      end = { position, hash: hex(hash) };
      if (position === head.position && end.hash !== head.hash) {
        throw new ChainBroken({
          position,
          stream,
          revision,
          what: 'is not the event of the remembered head',
        });
      }
    }
    await turn();
  }
  db.exec('COMMIT');
  if (end.position < head.position) {
    const what = `is lost with all behind it, up to the remembered head at ${head.position}`;
    throw new ChainBroken({ position: end.position + 1, what });
  }
  return end;
}

function wrongHeader(db: Database, file: string): Damage[] {
  const application = db.prepare('PRAGMA application_id').get()?.[0];
  const version = Number(db.prepare('PRAGMA user_version').get()?.[0]);
  return application === APPLICATION_ID && version === SCHEMA_VERSION
    ? []
    : [{ file, what: 'its header is not that of an event log' }];
}

/** What SQLite itself finds, and what the chain does not hold: the categories that subscriptions filter by. */
function inconsistent(db: Database, file: string): Damage[] {
  const told = db
    .prepare('PRAGMA integrity_check(10)')
    .all()
    .map(([what]) => String(what));
  const categories = db
    .prepare("SELECT name FROM streams WHERE category <> substr(name, 1, instr(name, '-') - 1)")
    .all()
    .map(([name]) => `category of stream ${String(name)} is not what was written`);
  return [...told.filter((what) => what !== 'ok'), ...categories].map((what) => ({ file, what }));
}
