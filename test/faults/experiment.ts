// SPDX-License-Identifier: Apache-2.0
/** An experiment is data: what is broken, on which shapes, and how it is told that nothing was lost. */
export type Shape = 'embedded' | 'distributed';

/**
 * What must hold, whatever is broken: I1 no acknowledged command is lost, I2 no event twice and no gap in a stream,
 * I3 every agent ends on the newest configuration or says why not, I4 read models equal a replay from scratch, I5
 * nothing is served that was not validated, I6 the feed is ordered, unique and resumable, I8 others keep going, I9 the
 * data plane answers every request.
 */
export type Invariant = 'I1' | 'I2' | 'I3' | 'I4' | 'I5' | 'I6' | 'I8' | 'I9';

export interface Trial {
  readonly shape: Shape;
  /** Folder that gets what the processes have logged; undefined when nobody asked for it. */
  readonly logs: string | undefined;
  /** How often something is done: fewer times unless everything was asked for. */
  count(few: number, all: number): number;
  /** The same numbers in [0, 1) for the same seed. */
  random(): number;
  /** Notes whether an invariant held; one that did not fails the experiment. */
  check(invariant: Invariant, held: boolean, what: string): void;
  /** Fails the experiment without being one of the invariants. */
  expect(held: boolean, what: string): void;
  /** A figure for the report; with a bound, one above it fails the experiment. */
  measure(what: string, value: number, unit: string, bound?: number): void;
  /** Called when the trial is over, the last first. */
  cleanup(task: () => Promise<void> | void): void;
  say(words: string): void;
}

export interface Experiment {
  readonly id: string;
  readonly title: string;
  readonly bound: string;
  readonly shapes: Partial<Record<Shape, (trial: Trial) => Promise<void>>>;
}

/** Thrown where something that the experiment needs cannot be had here. */
export class Skipped extends Error {}
