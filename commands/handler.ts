// SPDX-License-Identifier: Apache-2.0
/**
 * The one command handler. Commands that wait for one stream are decided one after the other on the folded state and
 * appended together, so that a stream is not limited to one fsync a command:
 *
 *  1. load the state: from the cache, then what others have appended since, where there are others
 *  2. a command id that is there already is answered as the first time; another content under it is refused
 *  3. decide, purely, on the state that the commands before it leave
 *  4. append all of them, expecting the revision decided on; a conflict starts over, up to three times
 *  5. an append whose outcome is not known is asked again with the same ids, then reported as unavailable
 *
 * Waiting for the read models is the caller's (`answer`): a command is done when it is durable.
 */
import { type EventLog, Unavailable, VersionConflict } from '../event-log/index.js';
import { meetsIfMatch, preconditionFailed } from '../http/index.js';
import { type Clock, type Decider, type Deferred, deferred, NxError, type Timers } from '../kernel/index.js';
import type { Fact, NewEvent } from '../schemas/index.js';
import { type CommandContext, toEvents } from './context.js';
import { type Entry, fold, load } from './entry.js';
import { outward } from './outward.js';

export interface HandlerDeps {
  readonly log: EventLog;
  readonly clock: Clock;
  readonly timers: Timers;
  /** Nobody else appends to these streams: what is cached is all there is. */
  readonly alone?: boolean;
  /** Seals the network that a person asks from, so that it can stand in the log until they are erased. */
  readonly sealAddress?: (userId: string, network: string) => Promise<string>;
}

export interface Outcome<R> {
  readonly result: R;
  /** Revision of the last event about the resource that the command is about: its ETag. */
  readonly revision: bigint;
  /** Where read models must be to show it; undefined when it changed nothing. */
  readonly position: bigint | undefined;
  /** The command was done before: this is its answer of then. */
  readonly repeated?: true;
}

export interface Handler<S, C> {
  /**
   * Does a command about the resource `subject`. `present` gives the answer from the state right after the command;
   * it may keep resources, which never change.
   */
  run<R>(
    stream: string,
    subject: string,
    command: C,
    context: CommandContext,
    present: (state: S) => R,
  ): Promise<Outcome<R>>;
  /** Looks at a stream's state as it is in the log, read anew: it takes the same time whoever was here before. */
  peek<R>(stream: string, select: (state: S) => R): Promise<R>;
  /** The same from what is folded already. What `select` gives must be no part of the state that changes in place. */
  consult<R>(stream: string, select: (state: S) => R): Promise<R>;
}

const ATTEMPTS = 3;
const BATCH = 256;
const CACHED_STREAMS = 4096;
const RETRY_AFTER_MS = 50;

interface Job<S> {
  /** Decides on the entry and folds its events into it. */
  run(entry: Entry<S>): NewEvent[];
  settle(position: bigint | undefined): void;
  reject(error: unknown): void;
}

interface Lane<S> {
  entry: Entry<S> | undefined;
  jobs: Job<S>[];
  running: boolean;
}

export function commandHandler<S, C, F extends Fact>(
  { log, clock, timers, sealAddress, alone = false }: HandlerDeps,
  decider: Decider<S, C, F>,
): Handler<S, C> {
  const lanes = new Map<string, Lane<S>>();

  return {
    run,
    peek: async (stream, select) => select((await load(log, decider, stream)).state),
    consult,
  };

  /** In the lane like a command: on the folded state, and told once what it has seen is durable. */
  function consult<R>(stream: string, select: (state: S) => R): Promise<R> {
    const outcome = deferred<R>();
    let seen: () => void = () => {};
    push(stream, {
      run: ({ state }) => {
        const result = select(state);
        seen = () => outcome.resolve(result);
        return [];
      },
      settle: () => seen(),
      reject: outcome.reject,
    });
    return outcome.promise;
  }

  function push(stream: string, one: Job<S>): void {
    const lane = laneOf(lanes, stream);
    lane.jobs.push(one);
    if (!lane.running) {
      void drain(stream, lane);
    }
  }

  async function run<R>(
    stream: string,
    subject: string,
    command: C,
    context: CommandContext,
    present: (state: S) => R,
  ): Promise<Outcome<R>> {
    const { asker } = context;
    const address = asker && (await sealAddress?.(asker.userId, asker.network));
    const outcome = deferred<Outcome<R>>();
    push(stream, job(stream, subject, command, context, address, present, outcome));
    return outcome.promise;
  }

  function job<R>(
    stream: string,
    subject: string,
    command: C,
    context: CommandContext,
    address: string | undefined,
    present: (state: S) => R,
    outcome: Deferred<Outcome<R>>,
  ): Job<S> {
    let settle: (position: bigint | undefined) => void = () => {};
    return {
      run: (entry) => {
        const earlier = entry.commands.get(context.commandId);
        if (earlier) {
          if (earlier.digest !== context.digest) {
            throw new NxError(
              'IDEMPOTENCY_MISMATCH',
              'The Idempotency-Key was used before with another request',
            );
          }
          settle = () => {
            void answerAgain(stream, earlier.revision, subject, present).then(
              outcome.resolve,
              outcome.reject,
            );
          };
          return [];
        }
        if (!meetsIfMatch(context.ifMatch, entry.revisions.get(subject))) {
          throw preconditionFailed();
        }
        const events = toEvents(decider.decide(command, entry.state), context, clock, address);
        for (const event of events) {
          fold(decider, entry, event);
        }
        const result = present(entry.state);
        const revision = entry.revisions.get(subject) ?? entry.revision;
        settle = (position) => outcome.resolve({ result, revision, position });
        return events;
      },
      settle: (position) => settle(position),
      reject: outcome.reject,
    };
  }

  async function drain(stream: string, lane: Lane<S>): Promise<void> {
    lane.running = true;
    while (lane.jobs.length > 0) {
      await together(stream, lane, lane.jobs.splice(0, BATCH));
    }
    lane.running = false;
    if (lane.entry && lane.entry.revision < 0n) {
      // Nothing is there: whoever asks for it again need not keep others from memory.
      lanes.delete(stream);
    }
  }

  /** Settles every job, whatever happens. */
  async function together(
    stream: string,
    lane: Lane<S>,
    jobs: readonly Job<S>[],
    attempt = 1,
  ): Promise<void> {
    try {
      await decideAndAppend(stream, lane, jobs);
    } catch (error) {
      // The cached state holds what was not appended.
      lane.entry = undefined;
      if (error instanceof VersionConflict && attempt < ATTEMPTS) {
        return together(stream, lane, jobs, attempt + 1);
      }
      if (jobs.length > 1 && !(error instanceof Unavailable)) {
        // One command's events cannot be stored; its neighbours must not suffer for it.
        for (const one of jobs) {
          await together(stream, lane, [one]);
        }
        return;
      }
      for (const one of jobs) {
        one.reject(outward(error));
      }
    }
  }

  async function decideAndAppend(stream: string, lane: Lane<S>, jobs: readonly Job<S>[]): Promise<void> {
    const entry = (alone && lane.entry) || (await load(log, decider, stream, lane.entry));
    lane.entry = entry;
    const expected = entry.revision < 0n ? 'none' : entry.revision;
    const decided = jobs.map((one) => decideOne(one, entry));
    const events = decided.flatMap((one) => one.events);
    const position =
      events.length === 0 ? undefined : (await appendSurely(stream, expected, events)).position;
    // Refusals too are told only now: they rest on the commands before them.
    for (const one of decided) {
      if (one.refusal) {
        one.job.reject(one.refusal);
      } else {
        one.job.settle(one.events.length === 0 ? undefined : position);
      }
    }
  }

  async function appendSurely(stream: string, expected: 'none' | bigint, events: readonly NewEvent[]) {
    try {
      return await log.append(stream, expected, events);
    } catch (error) {
      if (!(error instanceof Unavailable)) {
        throw error;
      }
      await timers.sleep(RETRY_AFTER_MS);
      return log.append(stream, expected, events);
    }
  }

  async function answerAgain<R>(
    stream: string,
    revision: bigint,
    subject: string,
    present: (state: S) => R,
  ): Promise<Outcome<R>> {
    const then = await load(log, decider, stream, undefined, revision);
    // The first answer may have been lost before the read models were there: this one waits for them as well.
    let position: bigint | undefined;
    for await (const event of log.read(stream, { from: revision, to: revision })) {
      position = event.position;
    }
    return {
      result: present(then.state),
      revision: then.revisions.get(subject) ?? revision,
      position,
      repeated: true,
    };
  }
}

interface DecidedJob<S> {
  readonly job: Job<S>;
  readonly events: readonly NewEvent[];
  readonly refusal?: NxError;
}

function decideOne<S>(job: Job<S>, entry: Entry<S>): DecidedJob<S> {
  try {
    return { job, events: job.run(entry) };
  } catch (error) {
    if (error instanceof NxError) {
      return { job, events: [], refusal: error };
    }
    throw error;
  }
}

/** Least recently used lanes first; an idle one may go, as its state is in the log. */
function laneOf<S>(lanes: Map<string, Lane<S>>, stream: string): Lane<S> {
  const lane = lanes.get(stream) ?? { entry: undefined, jobs: [], running: false };
  lanes.delete(stream);
  lanes.set(stream, lane);
  if (lanes.size > CACHED_STREAMS) {
    const idle = [...lanes].find(([, one]) => !one.running && one.jobs.length === 0);
    lanes.delete(idle?.[0] ?? '');
  }
  return lane;
}
