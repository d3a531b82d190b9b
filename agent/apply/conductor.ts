// SPDX-License-Identifier: Apache-2.0
import { errorMessage } from '../../kernel/index.js';
import { apply } from './apply.js';
import { type Commands, createCommands } from './commands.js';
import type { ApplyDeps } from './deps.js';
import { ensureServed, recover } from './recover.js';
import { createSerial } from './serial.js';
import type { StoppedMark } from './stopped.js';
import type { Update } from './update.js';

export interface ConductorDeps extends Omit<ApplyDeps, 'stopped'> {
  readonly mark: StoppedMark;
  readonly log: { warn(fields: object, message: string): void };
}

/** The one who touches nginx: updates, commands and repairs, one at a time. */
export interface Conductor extends Commands {
  /** Goes on after a restart of the agent; true when the last good bundle is provably served (or there is none yet). */
  recover(): Promise<boolean>;
  /** Takes an update; one that still waits is replaced by a newer. How it ends is reported. */
  submit(update: Update): void;
  /** Looks every second whether nginx serves the last good bundle, and repairs it. Returns what ends it. */
  supervise(): () => void;
  idle(): Promise<void>;
}

const LOOK_MS = 1000;
const MAX_PAUSE_LOOKS = 30;

export function createConductor(given: ConductorDeps): Conductor {
  const deps: ApplyDeps = {
    ...given,
    // Whoever started it by hand has taken the command back.
    stopped: () => given.mark.stopped() && given.control.master() === undefined,
  };
  const serial = createSerial();
  let waiting: Update | undefined;
  let applying: Update | undefined;

  const awaited = (): Iterable<string> => waiting?.manifest.values() ?? [];
  const applyWaiting = async (): Promise<void> => {
    const update = waiting;
    waiting = undefined;
    if (update === undefined) {
      return;
    }
    applying = update;
    try {
      await apply(deps, update);
    } finally {
      applying = undefined;
    }
    try {
      // What came meanwhile was found whole with what is here now.
      deps.store.collect(awaited());
    } catch (error) {
      given.log.warn({ error: errorMessage(error) }, 'old bundles could not be removed');
    }
  };

  const tidy = (): void => {
    try {
      deps.control.tidy();
    } catch (error) {
      given.log.warn({ error: errorMessage(error) }, 'the error log could not be set aside');
    }
  };

  return {
    ...createCommands(deps, given.mark, serial),
    recover: () => serial.run(() => recover(deps)),
    submit: (update) => {
      if (applying?.digest === update.digest && applying.version === update.version) {
        // Sent again over a new connection; the answer is on its way.
        waiting = undefined;
        return;
      }
      waiting = update;
      void serial.run(applyWaiting).catch((error: unknown) => {
        given.log.warn({ error: errorMessage(error) }, 'apply ended unexpectedly');
      });
    },
    supervise: () => {
      let failures = 0;
      let pause = 0;
      return deps.timers.every(LOOK_MS, () => {
        if (serial.busy() || pause-- > 0) {
          return;
        }
        void serial
          .run(() => {
            tidy();
            return ensureServed(deps);
          })
          .catch(() => false)
          .then((served) => {
            failures = served ? 0 : failures + 1;
            pause = served ? 0 : Math.min(2 ** failures, MAX_PAUSE_LOOKS);
            if (!served) {
              given.log.warn({ failures }, 'nginx does not serve the last good configuration');
            }
          });
      });
    },
    idle: () => serial.idle(),
  };
}
