// SPDX-License-Identifier: Apache-2.0
import { type Clock, type Deferred, deferred } from '../../kernel/index.js';
import { type Appended, type Expected, Unavailable, VersionConflict } from '../port.js';
import { type Answer, type AppendRequest, NONE } from './commit.js';
import { answerAt, type PackedAnswers } from './messages.js';

/** Appends that wait or are under way; more are refused, so that a slow disk does not fill the memory. */
const MAX_WAITING = 16_384;

/** A group goes over in parts of this size, so that the writer works on the first while the callers make the last. */
const PART = 16;

interface Waiting extends Deferred<Appended> {
  readonly request: AppendRequest;
}

interface Part {
  readonly appends: readonly Waiting[];
  readonly isLast: boolean;
}

export interface AppendQueue {
  append(request: AppendRequest): Promise<Appended>;
  /** The oldest `parts` sent are stored; `took` ms were spent. */
  answered(parts: number, answers: PackedAnswers, took: number): void;
  refused(parts: number, error: Error): void;
  /** Refuses everything, now and later. */
  stop(error: Error): void;
  /** Why everything is refused. */
  stopped(): string | undefined;
  /** Sends what waits without regard to what is under way. */
  drain(): void;
}

/**
 * Collects appends into groups on the caller's side. With a fast disk two groups are on their way, so that the writer
 * never waits for the caller; with a slow one only one, sent when the callers that were just answered have asked
 * again: a fuller group costs no more fsyncs. What is slow is measured: commits longer than the callers' turn.
 */
export function appendQueue(
  send: (part: readonly AppendRequest[], more: boolean) => void,
  clock: Clock,
): AppendQueue {
  let waiting: Waiting[] = [];
  const sent: Part[] = [];
  /** Groups under way, and whether of the newest more is to follow. */
  let groups = 0;
  let isOpen = false;
  let count = 0;
  let stopped: Error | undefined;
  let scheduled = false;
  let commitMs = 0;
  let turnMs = 0;

  const mayBegin = (): boolean => groups < (commitMs > turnMs ? 1 : 2);

  function sendPart(more: boolean): void {
    groups += isOpen ? 0 : 1;
    isOpen = more;
    const appends = waiting;
    waiting = [];
    sent.push({ appends, isLast: !more });
    send(
      appends.map(({ request }) => request),
      more,
    );
  }

  function flush(): void {
    if (isOpen || (waiting.length > 0 && mayBegin())) {
      sendPart(false);
    }
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

  function take(parts: number): Waiting[] {
    const taken = sent.splice(0, parts);
    groups -= taken.filter(({ isLast }) => isLast).length;
    const appends = taken.flatMap((part) => part.appends);
    count -= appends.length;
    return appends;
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
      if (waiting.length >= PART && (isOpen || mayBegin())) {
        sendPart(true);
      }
      schedule();
      return one.promise;
    },
    answered: (parts, answers, took) => {
      commitMs = smoothed(commitMs, took);
      take(parts).forEach((one, index) => {
        settle(one, answerAt(answers, index));
      });
      schedule();
    },
    refused: (parts, error) => {
      for (const one of take(parts)) {
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
    stopped: () => stopped?.message,
    drain: () => {
      if (isOpen || waiting.length > 0) {
        sendPart(false);
      }
    },
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
