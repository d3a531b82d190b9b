// SPDX-License-Identifier: Apache-2.0
import { closeSync, openSync, readSync, statSync } from 'node:fs';

interface LogLine {
  /** `emerg`, `alert`, `crit`, `error`, `warn`, `notice`, `info`, `debug`. */
  readonly level: string;
  readonly pid: number;
  readonly text: string;
}

/** Gives the lines that came since it was made, each once. */
export interface LogTail {
  next(): readonly LogLine[];
  close(): void;
}

const LINE = /^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d \[(\w+)\] (\d+)#\d+: (.*)$/;
const BLOCK = 65_536;

function parseLogLine(line: string): LogLine | undefined {
  const match = LINE.exec(line);
  return match ? { level: match[1] ?? '', pid: Number(match[2]), text: match[3] ?? '' } : undefined;
}

/** Follows nginx's error log from its present end. A log that cannot be read gives no lines. */
export function tailLog(path: string): LogTail {
  let handle: number | undefined;
  let offset = 0;
  let rest = '';
  try {
    // A log that is a pipe or a terminal would block us.
    if (statSync(path).isFile()) {
      handle = openSync(path, 'r');
      offset = statSync(path).size;
    }
  } catch {
    handle = undefined;
  }
  const block = Buffer.alloc(handle === undefined ? 0 : BLOCK);

  return {
    next: () => {
      for (let read = BLOCK; handle !== undefined && read === BLOCK; ) {
        read = readSync(handle, block, 0, BLOCK, offset);
        offset += read;
        rest += block.toString('utf8', 0, read);
      }
      const lines = rest.split('\n');
      rest = lines.pop() ?? '';
      return lines.map(parseLogLine).filter((line) => line !== undefined);
    },
    close: () => {
      if (handle !== undefined) {
        closeSync(handle);
        handle = undefined;
      }
    },
  };
}
