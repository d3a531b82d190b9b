import { type Clock, type Deferred, deferred } from '../../kernel/index.js';
import { type Appended, type Expected, Unavailable, VersionConflict } from '../port.js';
import { type Answer, type AppendRequest, NONE } from './commit.js';

/** Appends that wait or are under way; more are refused, so that a slow disk does not fill the memory. */
const MAX_WAITING = 16_384;

interface Waiting extends Deferred<Appended> {
  readonly request: AppendRequest;
}

export interface AppendQueue {
  append(request: AppendRequest): Promise<Appended>;
  /** The oldest `groups` sent are stored; `took` ms were spent. */
  answered(groups: number, answers: readonly Answer[], took: number): void;
  refused(groups: number, error: Error): void;
  /** Refuses everything, now and later. */
  stop(error: Error): void;
  /** Sends what waits without regard to what is under way. */
  drain(): void;
}

/**
 * Collects appends into groups on the caller's side. With a fast disk two groups are on their way, so that the writer
 * never waits for the caller; with a slow one only one, sent when the callers that were just answered have asked
 * again: a fuller group costs no more fsyncs. What is slow is measured: commits longer than the callers' turn.
 */
export function appendQueue(send: (group: readonly AppendRequest[]) => void, clock: Clock): AppendQueue {
  let waiting: Waiting[] = [];
  const sent: Waiting[][] = [];
  let count = 0;
  let stopped: Error | undefined;
  let scheduled = false;
  let commitMs = 0;
  let turnMs = 0;

  function flush(most = commitMs > turnMs ? 1 : 2): void {
    if (waiting.length === 0 || sent.length >= most) {
      return;
    }
    const group = waiting;
    waiting = [];
    sent.push(group);
    send(group.map(({ request }) => request));
  }

  /** Behind everything that the callers do in this turn of the event loop. */
  function schedule(): void {
    if (scheduled) {
      return;
    }
    scheduled = true;
    const started = clock.monotonic();
    setImmediate(() => {
      scheduled = false;
      turnMs = smoothed(turnMs, clock.monotonic() - started);
      flush();
    });
  }

  function take(groups: number): Waiting[] {
    const taken = sent.splice(0, groups).flat();
    count -= taken.length;
    return taken;
  }

  return {
    append: (request) => {
      if (stopped) {
        return Promise.reject(stopped);
      }
      if (count >= MAX_WAITING) {
        return Promise.reject(new Unavailable(`${count} appends wait for the disk`));
      }
      const one = { request, ...deferred<Appended>() };
      count += 1;
      waiting.push(one);
      schedule();
      return one.promise;
    },
    answered: (groups, answers, took) => {
      commitMs = smoothed(commitMs, took);
      take(groups).forEach((one, index) => {
        settle(one, answers[index]);
      });
      schedule();
    },
    refused: (groups, error) => {
      for (const one of take(groups)) {
        one.reject(error);
      }
      schedule();
    },
    stop: (error) => {
      stopped = error;
      for (const one of take(sent.length).concat(waiting.splice(0))) {
        one.reject(error);
      }
      count = 0;
    },
    drain: () => flush(Number.POSITIVE_INFINITY),
  };
}

const smoothed = (old: number, now: number): number => old + (now - old) / 8;

function settle(one: Waiting, answer: Answer | undefined): void {
  const { stream, expected } = one.request;
  switch (answer?.kind) {
    case 'appended':
      one.resolve({ revision: BigInt(answer.revision), position: BigInt(answer.position) });
      return;
    case 'conflict':
      one.reject(new VersionConflict(stream, expectedOf(expected), expectedOf(answer.actual)));
      return;
    default:
      one.reject(new Unavailable('the writer gave no answer'));
  }
}

const expectedOf = (revision: number): Expected => (revision === NONE ? 'none' : BigInt(revision));
