// SPDX-License-Identifier: Apache-2.0
import { type Deferred, deferred, type Random, type Timers } from '../../kernel/index.js';
import { Unavailable } from '../port.js';
import type { Connection } from './connection.js';
import { AccessRefused, inPortWords } from './errors.js';

export interface Timing {
  /** How long one call may take. */
  readonly callMs: number;
  /** How often a call is tried before its caller hears of it. */
  readonly attempts: number;
  /** Pauses between attempts and resubscriptions double from the first to the last. */
  readonly firstPauseMs: number;
  readonly lastPauseMs: number;
  /** A subscription that hears nothing for so long looks whether the log has gone on. */
  readonly watchMs: number;
}

export const TIMING: Timing = {
  callMs: 5_000,
  attempts: 3,
  firstPauseMs: 50,
  lastPauseMs: 5_000,
  watchMs: 30_000,
};

export interface CallDeps {
  readonly connection: Connection;
  readonly timers: Timers;
  readonly random: Random;
  readonly timing: Timing;
  /** Aborts when the log is closed. */
  readonly closed: AbortSignal;
  /** Set when a call or a subscription has failed: who answers next may not hold what was there before. */
  readonly doubt: { is: boolean };
  /** The calls under way, to be broken off then: a listener for each on the signal costs more than the call. */
  readonly open: Set<Deferred<never>>;
}

/** A random part of a pause that doubles, so that many clients do not come back at the same moment. */
export function pause({ random, timing }: Pick<CallDeps, 'random' | 'timing'>, failures: number): number {
  const longest = Math.min(timing.lastPauseMs, timing.firstPauseMs * 2 ** Math.min(failures, 20));
  return longest * (0.5 + random.fraction() / 2);
}

/**
 * Runs a call with its own deadline and again when its outcome is not known or it found nobody: so only what may be
 * done twice. The client's deadlines do not hold for reads, nor for a server that says nothing. `over` resolves when
 * the call's result is of no more use. `first` is run before each try, in time of its own.
 */
export async function surely<T>(
  deps: CallDeps,
  what: string,
  call: (over: Promise<void>) => Promise<T>,
  translate: (error: unknown) => Error = (error) => inPortWords(error, what),
  first?: () => Promise<void>,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await first?.();
      return await inTime(deps, what, call);
    } catch (error) {
      const translated = translate(error);
      const passing = translated instanceof Unavailable && !(translated instanceof AccessRefused);
      deps.doubt.is ||= passing;
      if (!passing || attempt >= deps.timing.attempts || deps.closed.aborted) {
        throw translated;
      }
    }
    await deps.timers.sleep(pause(deps, attempt - 1), deps.closed).catch(() => undefined);
  }
}

async function inTime<T>(
  deps: CallDeps,
  what: string,
  call: (over: Promise<void>) => Promise<T>,
): Promise<T> {
  const { timers, timing, closed, open } = deps;
  if (closed.aborted) {
    throw new Unavailable('the log is closed');
  }
  const over = deferred();
  const broken = deferred<never>();
  open.add(broken);
  const cancel = timers.after(timing.callMs, () => {
    broken.reject(new Unavailable(`EventStoreDB, ${what}: no answer within ${timing.callMs} ms`));
  });
  try {
    return await Promise.race([call(over.promise), broken.promise]);
  } finally {
    cancel();
    open.delete(broken);
    over.resolve();
  }
}
