// SPDX-License-Identifier: Apache-2.0
import { type EventLog, LogDamaged } from '../event-log/index.js';
import type { Position } from '../kernel/index.js';
import type { ReadStore } from '../read-store/index.js';

/**
 * The read models remember how far the log went. One that ends before that has lost events, or is another log: what is
 * written to it would stand where something else was, and agents and consumers would be told both.
 */
export async function refuseShorterLog(
  events: Pick<EventLog, 'head'>,
  store: Pick<ReadStore, 'checkpoint'>,
  readModels: readonly string[],
): Promise<void> {
  // Read before the head: others may be writing.
  const seen = await Promise.all(readModels.map((name) => store.checkpoint(name)));
  const furthest = seen.reduce<Position>((most, one) => (one > most ? one : most), 0n);
  const head = await events.head();
  if (furthest > head) {
    throw new LogDamaged(
      `the event log ends at position ${head}, and read models have seen ${furthest}: events are missing, or this is another log. ` +
        'Give it the log that it had or, to go on with this one, new read models: without read.db, or another database',
    );
  }
}
