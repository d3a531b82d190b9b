// SPDX-License-Identifier: Apache-2.0
import { readFileSync, rmSync, statSync } from 'node:fs';
import type { Clock, Timers } from '../../kernel/index.js';
import type { Ask } from '../nginx-control/ask.js';
import type { NginxControl } from '../nginx-control/control.js';
import { waitUntil } from '../nginx-control/master.js';
import { askProof } from '../nginx-control/proof.js';
import { type Layout, makeFolders } from '../state/layout.js';
import type { BundleStore } from '../state/store.js';

/** The private socket of an nginx that runs, when somebody has removed its file. */
export interface Socket {
  /** nginx listens, where nobody can find it: no reload alone makes the file again, because the socket is still open. */
  lost(): boolean;
  /**
   * Has nginx let go of it and open it anew: one reload with another socket's name; the next makes the file. Whether
   * the first one has succeeded shows in the second. Throws when the disk refuses.
   */
  rebind(master: number): Promise<void>;
}

export interface SocketDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly layout: Layout;
  readonly store: Pick<BundleStore, 'current' | 'link' | 'linkCopy'>;
  readonly control: Pick<NginxControl, 'reload'>;
  /** Over the spare socket. */
  readonly askSpare: Ask;
  readonly reloadTimeoutMs: number;
}

export function createSocket(deps: SocketDeps): Socket {
  const { layout, store } = deps;
  return {
    lost: () => !isSocket(layout.proofSocket) && isListenedOn(layout.proofSocket),
    rebind: async (master) => {
      const linked = store.current();
      if (linked === undefined) {
        return;
      }
      makeFolders(layout);
      rmSync(layout.spareSocket, { force: true });
      try {
        store.linkCopy((text) => text.replaceAll(layout.proofSocket, layout.spareSocket));
        deps.control.reload(master);
        const answers = async (): Promise<boolean> => (await askProof(deps.askSpare)) !== undefined;
        await waitUntil(deps, deps.reloadTimeoutMs, answers);
      } finally {
        store.link(linked);
      }
      rmSync(layout.proofSocket, { force: true });
    },
  };
}

const isSocket = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isSocket() ?? false;

/** The kernel goes on naming a socket by the file that it was bound to. */
function isListenedOn(path: string): boolean {
  try {
    return readFileSync('/proc/net/unix', 'latin1')
      .split('\n')
      .some((line) => line.endsWith(` ${path}`));
  } catch {
    return false;
  }
}
