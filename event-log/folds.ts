// SPDX-License-Identifier: Apache-2.0
/**
 * Streams folded up to any place of them. The states at some places are kept, so that a fold begins at the nearest
 * before the one that is asked for and not at the beginning; they take a bounded amount of memory, and those of the
 * streams that were not asked for longest go first. A long fold lets everything else have its turn.
 */
import { type Clock, pace, type Revision } from '../kernel/index.js';
import type { StoredEvent } from '../schemas/index.js';
import type { EventLog } from './port.js';

/** How a stream's events become a state. `M` is what a place is asked for by: a position, a version. */
export interface Fold<S, M> {
  initial(): S;
  evolve(state: S, event: StoredEvent): void;
  /** A state that goes on by itself. */
  copy(state: S): S;
  markOf(event: StoredEvent): M;
  /** About what a copy takes. */
  bytesOf(state: S): number;
}

export interface Folded<S> {
  /** The caller's own. */
  readonly state: S;
  /** Revision of the first event that is not in it. */
  readonly next: Revision;
}

export interface Folds<S, M> {
  /** The state behind the last event that is `within`, which none behind it is. */
  upTo(stream: string, within: (mark: M) => boolean): Promise<Folded<S>>;
}

interface Kept<S, M> extends Folded<S> {
  readonly mark: M;
  readonly bytes: number;
}

export interface FoldsDeps {
  readonly log: Pick<EventLog, 'read'>;
  readonly clock: Pick<Clock, 'monotonic'>;
}

/** Events between two places that are kept. */
const SPACING = 256;
const MAX_BYTES = 64 * 1024 * 1024;

export function folds<S, M>(
  { log, clock }: FoldsDeps,
  fold: Fold<S, M>,
  { spacing = SPACING, maxBytes = MAX_BYTES } = {},
): Folds<S, M> {
  /** By stream in order of use, the newest use last; each in order of the stream. */
  const kept = new Map<string, Kept<S, M>[]>();
  const running = new Map<string, Promise<unknown>>();
  let bytes = 0;

  function used(stream: string): Kept<S, M>[] {
    const list = kept.get(stream) ?? [];
    kept.delete(stream);
    kept.set(stream, list);
    return list;
  }

  /** Every second place of the stream that was not used longest, the newest stays; then that one too. */
  function thin(): void {
    for (const [stream, list] of kept) {
      if (bytes <= maxBytes) {
        return;
      }
      while (bytes > maxBytes && list.length > 0) {
        const stays = list.filter((_, index) => list.length > 1 && (list.length - 1 - index) % 2 === 0);
        bytes -= list.filter((one) => !stays.includes(one)).reduce((sum, one) => sum + one.bytes, 0);
        list.splice(0, list.length, ...stays);
      }
      if (list.length === 0) {
        kept.delete(stream);
      }
    }
  }

  function keep(stream: string, one: Kept<S, M>): void {
    const list = used(stream);
    const behind = list.findIndex(({ next }) => next >= one.next);
    if (behind < 0 || list[behind]?.next !== one.next) {
      list.splice(behind < 0 ? list.length : behind, 0, one);
      bytes += one.bytes;
      thin();
    }
  }

  async function read(stream: string, within: (mark: M) => boolean): Promise<Folded<S>> {
    const nearest = kept.get(stream)?.findLast(({ mark }) => within(mark));
    if (nearest) {
      used(stream);
    }
    const state = nearest ? fold.copy(nearest.state) : fold.initial();
    let next = nearest?.next ?? 0n;
    let unkept = 0;
    const breathe = pace(clock);
    for await (const event of log.read(stream, { from: next })) {
      const mark = fold.markOf(event);
      if (!within(mark)) {
        break;
      }
      fold.evolve(state, event);
      next = event.revision + 1n;
      unkept += 1;
      if (unkept === spacing) {
        unkept = 0;
        keep(stream, { state: fold.copy(state), next, mark, bytes: fold.bytesOf(state) });
      }
      await breathe();
    }
    return { state, next };
  }

  return {
    // One after the other: the second of two that come together finds what the first has kept.
    upTo: (stream, within) => {
      const task = (): Promise<Folded<S>> => read(stream, within);
      const mine = (running.get(stream) ?? Promise.resolve()).then(task, task);
      running.set(stream, mine);
      const done = (): void => {
        if (running.get(stream) === mine) {
          running.delete(stream);
        }
      };
      mine.then(done, done);
      return mine;
    },
  };
}
