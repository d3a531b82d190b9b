// SPDX-License-Identifier: Apache-2.0
import type { Clock, Timers } from '../../kernel/index.js';
import type { Ask } from '../nginx-control/ask.js';
import type { NginxControl } from '../nginx-control/control.js';
import { waitUntil } from '../nginx-control/master.js';
import { type Proof, prove } from '../nginx-control/proof.js';

export interface ActivateDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly ask: Ask;
  readonly control: NginxControl;
  readonly quietMs: number;
  readonly reloadTimeoutMs: number;
}

/** As a proof, or: `absent` nginx does not run and is not ours to start. */
export type Activation =
  | Proof
  | { readonly proven: false; readonly why: 'absent'; readonly output: string; readonly ms: number };

/** How long after its start nginx may take to show itself as a process with our title. */
const SHOW_MS = 2000;

/**
 * Makes nginx serve the linked bundle, which must be `digest`, and waits for the proof: by SIGHUP where it runs, by
 * starting it where it does not. `signalled` is called as soon as nginx has been told.
 */
export async function activate(
  deps: ActivateDeps,
  digest: string,
  signalled: () => void = () => undefined,
): Promise<Activation> {
  const { control } = deps;
  const running = control.master();
  const log = control.log(running);
  try {
    let master = running;
    let oldWorkers: ReadonlySet<number> = new Set();
    if (master !== undefined) {
      oldWorkers = control.workers(master);
      control.reload(master);
    } else if (control.start === undefined) {
      return { proven: false, why: 'absent', output: 'nginx is not running', ms: 0 };
    } else {
      const result = await control.start();
      if (result.code !== 0) {
        const why = result.timedOut ? 'timeout' : 'refused';
        return { proven: false, why, output: result.stderr, ms: result.ms };
      }
      await waitUntil(deps, SHOW_MS, () => control.master() !== undefined);
      master = control.master();
    }
    signalled();
    return await prove(deps, {
      digest,
      oldWorkers,
      master: master ?? 0,
      log,
      quietMs: deps.quietMs,
      timeoutMs: deps.reloadTimeoutMs,
    });
  } finally {
    log.close();
  }
}
