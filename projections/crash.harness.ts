// SPDX-License-Identifier: Apache-2.0
import type { EventLog } from '../event-log/index.js';
import { factWriter } from './facts.harness.js';
import { seeded } from './history.harness.js';

/** Fills an empty log with the same 3,000 events, ids included, in every process that does nothing else. */
export async function fixedLog(log: EventLog): Promise<void> {
  const append = factWriter(log);
  for (const [stream, fact] of seeded(7, 3_000)) {
    await append(stream, fact);
  }
}
