// SPDX-License-Identifier: Apache-2.0
import { errorMessage } from '../../kernel/index.js';
import { askProof } from '../nginx-control/proof.js';
import { EMPTY } from '../state/scan.js';
import { type Activation, activate } from './activate.js';
import type { ApplyDeps } from './deps.js';
import type { Serial } from './serial.js';
import type { StoppedMark } from './stopped.js';

export interface Done {
  readonly success: boolean;
  readonly message: string;
}

/** What an operator may ask of an agent; there is no other command. None rejects. */
export interface Commands {
  reload(): Promise<Done>;
  /** Gracefully: connections are ended first, so that new ones may wait as long. */
  restart(force: boolean): Promise<Done>;
  stop(graceful: boolean, timeoutMs: number): Promise<Done>;
  status(): Promise<Done>;
}

const RESTART_MS = 10_000;

export function createCommands(deps: ApplyDeps, mark: StoppedMark, serial: Serial): Commands {
  const { store, control } = deps;
  const failed = (error: unknown): Done => ({ success: false, message: errorMessage(error) });
  const guarded = (task: () => Promise<Done>): Promise<Done> => serial.run(task).catch(failed);
  const look = async (): Promise<Done> => {
    const master = control.master();
    const answer = await askProof(deps.ask);
    const message = JSON.stringify({
      running: master !== undefined,
      pid: master ?? 0,
      proven_digest: answer?.digest ?? '',
      linked_digest: store.current() ?? '',
      last_good_digest: store.lastGood() ?? '',
      stopped: mark.stopped(),
    });
    return { success: true, message };
  };

  const bringUp = async (): Promise<Done> => {
    const good = store.lastGood();
    return good === undefined
      ? { success: false, message: 'there is no configuration yet' }
      : told(await activate(deps, good));
  };

  return {
    reload: () =>
      guarded(async () => {
        const master = control.master();
        if (master === undefined) {
          return { success: false, message: 'nginx is not running' };
        }
        if (store.lastGood() === EMPTY) {
          control.reload(master);
          return { success: true, message: 'reloaded; there is nothing of ours in it to be proven' };
        }
        return bringUp();
      }),
    restart: (force) =>
      guarded(async () => {
        if (control.start === undefined) {
          return { success: false, message: 'this nginx was not started by the agent; it cannot restart it' };
        }
        if (!(await control.stop(!force, RESTART_MS)) && !(await control.stop(false, RESTART_MS))) {
          return { success: false, message: 'nginx did not end' };
        }
        mark.set(false);
        return bringUp();
      }),
    stop: (graceful, timeoutMs) =>
      guarded(async () => {
        mark.set(true);
        const ended = await control.stop(graceful, timeoutMs);
        return ended
          ? { success: true, message: 'nginx has ended' }
          : { success: false, message: `nginx had not ended after ${timeoutMs} ms` };
      }),
    status: () => look().catch(failed),
  };
}

function told(activation: Activation): Done {
  return activation.proven
    ? { success: true, message: `proven after ${Math.round(activation.ms)} ms` }
    : { success: false, message: `${activation.why}: ${activation.output}`.slice(0, 1024) };
}
