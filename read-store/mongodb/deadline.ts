// SPDX-License-Identifier: Apache-2.0
import { deferred, type Timers } from '../../kernel/index.js';
import { StoreUnavailable } from '../errors.js';

export type Deadline = <T>(work: Promise<T>) => Promise<T>;

/**
 * Bounds a call, however many questions it asks: the driver bounds only each of them. What was asked goes on behind the
 * caller's back and may still succeed, as with any answer that is lost.
 */
export function deadline(timers: Timers, where: string, ms: number): Deadline {
  return async (work) => {
    const late = deferred<never>();
    const cancel = timers.after(ms, () =>
      late.reject(new StoreUnavailable(`${where}: no answer within ${ms} ms`)),
    );
    try {
      return await Promise.race([work, late.promise]);
    } finally {
      cancel();
    }
  };
}
