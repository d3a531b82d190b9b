// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';

const CONNECTIONS = 10_000;

/** How many files and sockets this process may have open; undefined where the system does not say. */
function openFiles(): number | undefined {
  try {
    const [, soft] = /^Max open files +([0-9]+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
    return soft === undefined ? undefined : Number(soft);
  } catch {
    return undefined;
  }
}

/** Callers of the API may take half of what this process may open: stores, agents and the log need the rest. */
export const connectionsAtMost = (open = openFiles()): number =>
  Math.min(CONNECTIONS, Math.floor((open ?? 2 * CONNECTIONS) / 2));
