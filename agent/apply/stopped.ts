// SPDX-License-Identifier: Apache-2.0
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Layout } from '../state/layout.js';

/** Remembers, also over a restart of the agent, that nginx was stopped by command. */
export interface StoppedMark {
  stopped(): boolean;
  set(stopped: boolean): void;
}

export function stoppedMark(layout: Layout): StoppedMark {
  const path = join(layout.root, 'stopped');
  return {
    stopped: () => existsSync(path),
    set: (stopped) => (stopped ? writeFileSync(path, '', { mode: 0o600 }) : rmSync(path, { force: true })),
  };
}
