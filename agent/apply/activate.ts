// SPDX-License-Identifier: Apache-2.0
import type { Clock, Timers } from '../../kernel/index.js';
import type { Ask } from '../nginx-control/ask.js';
import type { NginxControl } from '../nginx-control/control.js';
import { waitUntil } from '../nginx-control/master.js';
import { type Proof, prove } from '../nginx-control/proof.js';
import type { Socket } from './socket.js';

export interface ActivateDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly ask: Ask;
  readonly control: NginxControl;
  readonly socket: Socket;
  readonly quietMs: number;
  readonly reloadTimeoutMs: number;
}

/** As a proof, or: `absent` nginx does not run and is not ours to start; `unreachable` it cannot be asked. */
export type Activation =
  | Proof
  | {
      readonly proven: false;
      readonly why: 'absent' | 'unreachable';
      readonly output: string;
      readonly ms: number;
    };

const UNREACHABLE =
  'the socket run/proof.sock of the state folder is gone, so nginx cannot be asked what it serves';

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
  if (running !== undefined && deps.socket.lost()) {
    await deps.socket.rebind(running);
  }
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
    const proof = await prove(deps, {
      digest,
      oldWorkers,
      master: master ?? 0,
      log,
      quietMs: deps.quietMs,
      timeoutMs: deps.reloadTimeoutMs,
    });
    return !proof.proven && proof.why === 'timeout' && deps.socket.lost()
      ? { ...proof, why: 'unreachable', output: UNREACHABLE }
      : proof;
  } finally {
    log.close();
  }
}
