// SPDX-License-Identifier: Apache-2.0
import { holdLease, type LeaseDeps } from '../read-store/index.js';

/**
 * Runs a workflow in one process at a time: takes its lease, works until the lease or the process ends, gives it back.
 * While another process has it, looks again at a third of the lease's time.
 */
export async function whileOwned(
  deps: LeaseDeps,
  name: string,
  work: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const lease = await holdLease(deps, name);
    if (!lease) {
      await deps.timers.sleep(deps.leaseTtlMs / 3, signal).catch(() => {});
      continue;
    }
    try {
      await work(AbortSignal.any([signal, lease.lost]));
    } finally {
      await lease.release();
    }
  }
}
