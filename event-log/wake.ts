// SPDX-License-Identifier: Apache-2.0
import { deferred } from '../kernel/index.js';

/** Resolves at `woken` or when `signal` aborts, whichever comes first. */
export async function wokenOrAborted(woken: Promise<void>, signal: AbortSignal): Promise<void> {
  if (signal.aborted) {
    return;
  }
  const aborted = deferred();
  const listener = (): void => aborted.resolve();
  signal.addEventListener('abort', listener, { once: true });
  try {
    await Promise.race([woken, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', listener);
  }
}
