// SPDX-License-Identifier: Apache-2.0
import type { EventLog } from '../event-log/index.js';
import type { Decider } from '../kernel/index.js';
import type { Fact, NewEvent, StoredEvent } from '../schemas/index.js';

/** What a stream remembers of a command: enough to answer it again. */
export interface Remembered {
  readonly digest: string;
  /** Revision of its last event. */
  readonly revision: bigint;
}

/** A stream folded up to a revision; -1 when it is empty. */
export interface Entry<S> {
  readonly state: S;
  revision: bigint;
  /** Last revision about each resource: its ETag. */
  readonly revisions: Map<string, bigint>;
  /** The newest commands by id, oldest first. */
  readonly commands: Map<string, Remembered>;
}

/** Retries older than so many commands of one stream are caught by the log itself, whose event ids are unique. */
const REMEMBERED = 10_000;

export const emptyEntry = <S>(state: S): Entry<S> => ({
  state,
  revision: -1n,
  revisions: new Map(),
  commands: new Map(),
});

export function fold<S, C, F extends Fact>(
  decider: Decider<S, C, F>,
  entry: Entry<S>,
  event: NewEvent | StoredEvent,
): void {
  // A stream holds the facts of its own decider and no others: its name is made in one place.
  const fact = event as unknown as F;
  decider.evolve(entry.state, fact);
  entry.revision += 1n;
  const subject = decider.subject(fact);
  entry.revisions.set(subject, entry.revision);
  const { command_id, command_digest } = event.meta;
  entry.commands.delete(command_id);
  entry.commands.set(command_id, { digest: command_digest, revision: entry.revision });
  if (entry.commands.size > REMEMBERED) {
    const [oldest] = entry.commands.keys();
    entry.commands.delete(oldest ?? '');
  }
}

/** Brings an entry up to the stream's end, or to `to`. */
export async function load<S, C, F extends Fact>(
  log: EventLog,
  decider: Decider<S, C, F>,
  stream: string,
  known?: Entry<S>,
  to?: bigint,
): Promise<Entry<S>> {
  const entry = known ?? emptyEntry(decider.initial());
  for await (const event of log.read(stream, {
    from: entry.revision + 1n,
    ...(to === undefined ? {} : { to }),
  })) {
    fold(decider, entry, event);
  }
  return entry;
}
