// SPDX-License-Identifier: Apache-2.0
/**
 * The log in EventStoreDB (23.10 or newer), or in KurrentDB by the same protocol. Imported by its own path, so that a
 * process which uses another store never loads the client. How it goes about it, each proved by a test beside it:
 *
 *  1. Events come as validated JSON text and are given to the client as what was parsed from it: the client ends the
 *     process or never answers when it meets what JSON cannot hold. Metadata stay flat strings.
 *  2. Every call brings the user and the password with it. The client then appends call by call; without them it
 *     appends through one shared call, which no deadline ends and whose death fails the appends of others.
 *  3. Every call has a deadline of ours. An append of which the outcome is not known (too late, no connection, not
 *     the leader, cancelled) is tried again with the same ids and expectation, then it is `Unavailable`.
 *  4. An append always states the revision that it expects.
 *  5. A conflict tells the actual revision, also that of a stream which is not there.
 *  6. Reads go page by page and are cancelled when they are left.
 *  7. Subscriptions are pulled from, to `null`, before what the server said behind the events counts; they are ended
 *     when they are left, and made again with growing pauses from the last event given, whatever broke them off,
 *     unless access is refused or the log is damaged. What comes twice is dropped.
 *  8. A checkpoint counts only when all that came before it has been taken: the client tells of it ahead of its events.
 *  9. Events of the server, of other programs and dangling links are passed over; a text where an object belongs
 *     is `LogDamaged`.
 * 10. A subscription that hears nothing for a while, although the log has gone on, is made again.
 * 11. Readers and writers ask the leader: a follower behind it would call a reader's position unknown, and caught up
 *     what is not.
 * 12. A larger append than the server takes is refused by name before it is sent.
 * 13. The server compares ids with what stands at the same place only. An id that stands elsewhere is noticed when this
 *     process has appended it lately; the command handler, which knows a stream's commands, does not count on more.
 * 14. After a failure nothing is appended before the log was seen to reach as far as it did. One that ends earlier (a
 *     backup, another disk) is `LogDamaged` for readers and `stopped` for good, also when it has grown again since.
 *
 * A position is the commit position of an event; `after` of a reader is one that this log has given, or `0n`.
 */
import { type Deferred, type Random, systemRandom, systemTimers, type Timers } from '../../kernel/index.js';
import { type LogAdapter, Unavailable } from '../port.js';
import { TIMING, type Timing } from './calls.js';
import { connect } from './connection.js';
import { openReader } from './reader.js';
import { type EventStoreDbSettings, readAccess } from './settings.js';
import { subscribe } from './subscribe.js';
import { appender, MAX_APPEND_BYTES } from './writer.js';

export { AccessRefused } from './errors.js';
export { type EventStoreDbSettings, EventStoreDbSettingsError } from './settings.js';

export interface EventStoreDbOptions {
  readonly timers?: Timers;
  readonly random?: Random;
  readonly timing?: Partial<Timing>;
  /** The server's `MaxAppendSize`; 1 MiB when left out. */
  readonly maxAppendBytes?: number;
  /** Told each time that a subscription broke off and is made again. */
  readonly lost?: (message: string) => void;
}

/**
 * Reads the settings and the files that they name, and connects at the first call: a server that is down is
 * `Unavailable` then. Rejects with `EventStoreDbSettingsError`.
 */
export async function eventStoreDbLog(
  settings: EventStoreDbSettings,
  options: EventStoreDbOptions = {},
): Promise<LogAdapter> {
  const closing = new AbortController();
  const connection = connect(await readAccess(settings));
  const deps = {
    connection,
    timers: options.timers ?? systemTimers,
    random: options.random ?? systemRandom,
    timing: { ...TIMING, ...options.timing },
    closed: closing.signal,
    doubt: { is: false },
    open: new Set<Deferred<never>>(),
  };
  const reader = openReader(deps);
  const lost = options.lost ?? (() => undefined);
  let closed: Promise<void> | undefined;

  async function close(): Promise<void> {
    closing.abort();
    for (const call of deps.open) {
      call.reject(new Unavailable('the log is closed'));
    }
    await connection.client.dispose();
  }

  const { maxAppendBytes = MAX_APPEND_BYTES } = options;
  return {
    maxAppendBytes,
    append: appender(deps, reader, maxAppendBytes),
    read: (stream, readOptions) => reader.read(stream, readOptions),
    subscribe: (subscribeOptions) => subscribe({ ...deps, reader, lost }, subscribeOptions),
    head: () => reader.head(),
    stopped: () => reader.shrunk(),
    close: () => (closed ??= close()),
  };
}
