// SPDX-License-Identifier: Apache-2.0
import { renameSync, rmSync, statSync } from 'node:fs';
import type { Clock } from '../../kernel/index.js';
import { type LogFile, openLogFile, prepareLog, split } from './log-file.js';
import type { Position } from './position.js';

export interface ReaderDeps {
  readonly clock: Clock;
  /** Path of the log that nginx writes. */
  readonly path: string;
  /** Bytes at which the log is set aside. */
  readonly rotateAt: () => number;
  /** Makes nginx open its logs again; false when there is nobody to ask. */
  readonly reopen: () => boolean;
  /** The position has left a file, which is removed now: it must be kept first. */
  readonly keep: () => void;
  /** So many bytes were given up unread. */
  readonly lost: (bytes: number) => void;
}

/** Reads what nginx logs, line by line, over rotations. */
export interface Reader {
  /** Hands over the lines of one block, each with the position behind it. False when there was nothing to read. */
  next(take: (text: string, end: number) => void): boolean;
  close(): void;
}

/** A worker opens its logs again within milliseconds and writes its buffer out at once; the flush comes each second. */
const QUIET_MS = 2500;
/** What was set aside and is not read to its end before its successor is so many times its size is given up. */
const BEHIND = 4;

/**
 * Rotation: the log becomes `<path>.1` and nginx is told to open its logs again. What was set aside is read to its end,
 * until nothing more has come for a while, and only then removed; so there are never more than two files. After a crash
 * at any step the inode tells which file the position is in.
 */
export function createReader(deps: ReaderDeps, position: Position): Reader {
  const { path } = deps;
  const aside = `${path}.1`;
  if (position.file === 0) {
    beginAtTheEnd(path, position);
  }
  let at = Math.max(position.shipped, position.base);
  let file: LogFile | undefined;
  let isAside = false;
  /** Whether nginx was told to leave the file set aside. */
  let told = false;
  /** When the file set aside was first seen read to its end. */
  let quietSince: number | undefined;

  const moveTo = (next: LogFile): LogFile => {
    at = Math.max(at, position.counted);
    position.file = next.inode;
    position.base = at;
    deps.keep();
    rmSync(aside, { force: true });
    isAside = false;
    quietSince = undefined;
    return next;
  };

  const open = (): LogFile | undefined => {
    const old = openLogFile(aside);
    if (old !== undefined && (old.inode === position.file || position.file === 0)) {
      position.file = old.inode;
      isAside = true;
      // Perhaps the crash came before nginx was told.
      told = deps.reopen();
      return old;
    }
    old?.close();
    const current = openLogFile(path);
    if (current?.inode !== position.file) {
      return current && moveTo(current);
    }
    // The crash came after the position had left the file set aside.
    rmSync(aside, { force: true });
    return current;
  };

  /** A log that is shorter than what was read of it was cut by somebody: reading goes on from its end. */
  const offsetIn = (one: LogFile): number => {
    const size = one.size();
    if (at - position.base > size) {
      at = Math.max(at, position.counted);
      position.base = at - size;
    }
    return at - position.base;
  };

  /** To the log that nginx writes now, if it has made one. */
  const leave = (): boolean => {
    const next = openLogFile(path);
    if (next === undefined) {
      deps.reopen();
      return false;
    }
    file?.close();
    file = moveTo(next);
    return true;
  };

  const rotate = (): void => {
    renameSync(path, aside);
    isAside = true;
    prepareLog(path);
    told = deps.reopen();
  };

  const afterReading = (one: LogFile, some: boolean): boolean => {
    const named = statSync(path, { throwIfNoEntry: false });
    if (!isAside) {
      if (named !== undefined && named.ino !== one.inode && !some) {
        // Somebody else has rotated it.
        return leave();
      }
      if (one.size() >= deps.rotateAt() && named?.ino === one.inode) {
        rotate();
      }
      return some;
    }
    if (some) {
      quietSince = undefined;
      if ((named?.size ?? 0) > BEHIND * deps.rotateAt()) {
        deps.lost(one.size() - (at - position.base));
        leave();
      }
      return true;
    }
    if (!told) {
      // Workers whose master is gone may still write to it.
      told = deps.reopen();
      quietSince = undefined;
    }
    const now = deps.clock.monotonic();
    quietSince ??= now;
    return told && now - quietSince >= QUIET_MS && leave();
  };

  return {
    next: (take) => {
      file ??= open();
      if (file === undefined) {
        return false;
      }
      const block = file.lines(offsetIn(file));
      const from = at;
      for (const { text, end } of split(block)) {
        at = from + end;
        take(text, at);
      }
      return afterReading(file, block.length > 0);
    },
    close: () => {
      file?.close();
      file = undefined;
    },
  };
}

/** What was logged before there was anybody to remember it was told by somebody else, or never will be. */
function beginAtTheEnd(path: string, position: Position): void {
  const file = openLogFile(path);
  if (file !== undefined) {
    position.file = file.inode;
    position.counted = file.size();
    position.shipped = position.counted;
    file.close();
  }
}
