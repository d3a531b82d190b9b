// SPDX-License-Identifier: Apache-2.0
import type { RawEvent } from '../port.js';
import type { Answer, AppendRequest } from './commit.js';
import type { NotOpenedReason } from './not-opened.js';
import type { StoreOptions } from './store.js';

/** What the writer's thread is given at its start. */
export interface WriterData {
  readonly path: string;
  readonly options: StoreOptions;
}

export type ToWriter =
  /** `more` of the same group is on its way: not to be committed without it. */
  { readonly kind: 'append'; readonly group: Packed; readonly more: boolean } | { readonly kind: 'close' };

export type FromWriter =
  | { readonly kind: 'opened' }
  | {
      readonly kind: 'not-opened';
      readonly reason: NotOpenedReason;
      readonly path: string;
      readonly more: string;
    }
  /** Answers to the groups that went into one transaction, in the order they were sent. */
  | {
      readonly kind: 'committed';
      readonly groups: number;
      readonly answers: PackedAnswers;
      /** How long the disk took, ms. */
      readonly took: number;
    }
  /** The groups were not stored; the writer goes on. */
  | { readonly kind: 'refused'; readonly groups: number; readonly message: string }
  /** The writer has stopped for good. */
  | { readonly kind: 'stopped'; readonly message: string }
  | { readonly kind: 'closed' };

/** Appends as one flat list: copied from thread to thread in a third of the time that objects take. */
export type Packed = readonly (string | number)[];

export function pack(group: readonly AppendRequest[]): Packed {
  const flat: (string | number)[] = [];
  for (const { stream, expected, events } of group) {
    flat.push(stream, expected, events.length);
    for (const { id, type, meta, data } of events) {
      flat.push(id, type, meta, data);
    }
  }
  return flat;
}

export function unpack(flat: Packed): AppendRequest[] {
  const group: AppendRequest[] = [];
  for (let at = 0; at < flat.length; ) {
    const stream = String(flat[at]);
    const expected = Number(flat[at + 1]);
    const end = at + 3 + 4 * Number(flat[at + 2]);
    const events: RawEvent[] = [];
    for (at += 3; at < end; at += 4) {
      const [id, type] = [String(flat[at]), String(flat[at + 1])];
      events.push({ id, type, meta: String(flat[at + 2]), data: String(flat[at + 3]) });
    }
    group.push({ stream, expected, events });
  }
  return group;
}

/** Two numbers for each append: revision and position, or the stream's head and 0 for a conflict. */
export type PackedAnswers = readonly number[];

export function packAnswers(answers: readonly Answer[]): PackedAnswers {
  const flat: number[] = [];
  for (const answer of answers) {
    if (answer.kind === 'appended') {
      flat.push(answer.revision, answer.position);
    } else {
      flat.push(answer.actual, 0);
    }
  }
  return flat;
}

export function answerAt(flat: PackedAnswers, index: number): Answer | undefined {
  const [first, position] = [flat[2 * index], flat[2 * index + 1]];
  if (first === undefined || position === undefined) {
    return undefined;
  }
  return position === 0
    ? { kind: 'conflict', actual: first }
    : { kind: 'appended', revision: first, position };
}
