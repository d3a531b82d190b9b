// SPDX-License-Identifier: Apache-2.0
import {
  closeSync,
  existsSync,
  fdatasyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  writeSync,
} from 'node:fs';
import { replaceFile } from './durable.js';

/** What one apply has reached. Written before the next step begins. */
export type Step = 'staged' | 'tested' | 'linked' | 'signalled' | 'proven' | 'committed';

/** How an apply ended, as it is told to the master. */
export interface Outcome {
  readonly status: 'SUCCESS' | 'FAILED' | 'ROLLED_BACK';
  /** The last stage that was reached; empty when none was. */
  readonly stage: Step | '';
  /** One of the closed list; empty on success. */
  readonly reason: string;
  readonly message: string;
  readonly nginxOutput: string;
  /** Path in the bundle and line from 1 that nginx points at; empty and 0 when it points nowhere. */
  readonly file: string;
  readonly line: number;
  readonly stageMs: Readonly<Record<string, number>>;
  /** Milliseconds since 1970-01-01 UTC. */
  readonly at: number;
}

/** A bundle and the version of the workspace, decimal, under which it came. */
interface Named {
  readonly digest: string;
  readonly version: string;
}

/** The newest apply, read back. */
interface Entry extends Named {
  readonly steps: readonly Step[];
  /** What the outcome will be once the last good bundle is back in its place. */
  readonly rollingBack?: Outcome;
  readonly outcome?: Outcome;
  /** The bundle that was last proven, by this apply or an earlier one. */
  readonly good?: Named;
  /** The master has acknowledged the outcome. */
  readonly told: boolean;
}

type Line =
  | { begin: string; version: string; good?: Named }
  | { step: Step }
  | { rollingBack: Outcome }
  | { outcome: Outcome }
  | { told: true };

/**
 * The journal of the newest apply: lines of JSON, written before the next step begins, so that whoever comes after a
 * `kill -9` knows how far it was. A line that a crash cut short is not a line. Only what must outlive a loss of power is
 * flushed: that there is a way back (`rollBack`) and how it ended. The steps need not: without `tested` a linked bundle
 * is taken back, and nginx has ended with the power anyway.
 */
export interface Journal {
  begin(digest: string, version: string): void;
  step(step: Step): void;
  rollBack(outcome: Outcome): void;
  finish(outcome: Outcome): void;
  told(): void;
  read(): Entry | undefined;
}

/** Then it is begun anew with what still counts. */
const MOST_BYTES = 256 * 1024;

export function createJournal(path: string): Journal {
  let { entry, size } = readJournal(path);

  /** After the last whole line, whatever a crash or a full disk left behind it. */
  const append = (line: Line, flushed: boolean): void => {
    entry = fold(entry, line);
    const bytes = Buffer.from(`${JSON.stringify(line)}\n`);
    const handle = openSync(path, size === 0 ? 'w+' : 'r+', 0o600);
    try {
      ftruncateSync(handle, size);
      writeSync(handle, bytes, 0, bytes.length, size);
      if (flushed) {
        fdatasyncSync(handle);
      }
    } finally {
      closeSync(handle);
    }
    size += bytes.length;
  };

  return {
    begin: (digest, version) => {
      const good = entry?.good;
      const line: Line = { begin: digest, version, ...(good ? { good } : {}) };
      // Somebody may have removed it.
      if (size < MOST_BYTES && (size === 0 || existsSync(path))) {
        const before = entry;
        try {
          append(line, false);
        } catch (error) {
          entry = before;
          throw error;
        }
        return;
      }
      const bytes = Buffer.from(`${JSON.stringify(line)}\n`);
      replaceFile(path, bytes);
      entry = fold(undefined, line);
      size = bytes.length;
    },
    step: (step) => append({ step }, false),
    rollBack: (outcome) => append({ rollingBack: outcome }, true),
    finish: (outcome) => append({ outcome }, true),
    told: () => append({ told: true }, false),
    read: () => entry,
  };
}

function fold(entry: Entry | undefined, line: Line): Entry | undefined {
  if ('begin' in line) {
    const { begin: digest, version, good } = line;
    return { digest, version, steps: [], told: false, ...(good ? { good } : {}) };
  }
  if (entry === undefined) {
    return undefined;
  }
  if ('step' in line) {
    return { ...entry, steps: [...entry.steps, line.step] };
  }
  if ('rollingBack' in line) {
    return { ...entry, rollingBack: line.rollingBack };
  }
  if ('outcome' in line) {
    const { digest, version } = entry;
    const good = line.outcome.status === 'SUCCESS' ? { digest, version } : entry.good;
    return { ...entry, outcome: line.outcome, ...(good ? { good } : {}) };
  }
  return { ...entry, told: true };
}

/** The lines up to the first that is not whole, and how many bytes they are. */
function readJournal(path: string): { entry: Entry | undefined; size: number } {
  let entry: Entry | undefined;
  let size = 0;
  const text = readText(path);
  for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', size)) {
    const line = parse(text.slice(size, end));
    if (line === undefined) {
      break;
    }
    entry = fold(entry, line);
    size = end + 1;
  }
  return { entry, size };
}

/** One character a byte, so that places in the text are places in the file. */
function readText(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return '';
    }
    throw error;
  }
}

function parse(line: string): Line | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(line, 'latin1').toString('utf8'));
    return typeof value === 'object' && value !== null ? (value as Line) : undefined;
  } catch {
    return undefined;
  }
}
