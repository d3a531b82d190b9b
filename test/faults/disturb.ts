// SPDX-License-Identifier: Apache-2.0
/** What befalls messages of one direction, one by one: lost, twice, late and so overtaken by later ones, or nothing. */
export interface Disturbed<T> {
  take(message: T): void;
  /** From now on nothing befalls them; what is held is let go in the order in which it came. */
  calm(): void;
}

export interface DisturbDeps<T> {
  /** A number in [0, 1). */
  random(): number;
  after(ms: number, task: () => void): () => void;
  pass(message: T): void;
  /** Told of each that did not simply pass. */
  seen(fate: Fate): void;
}

export type Fate = 'lost' | 'twice' | 'late';

/** Of a hundred messages so many. */
const FATES: readonly (readonly [Fate, number])[] = [
  ['lost', 10],
  ['twice', 20],
  ['late', 25],
];
const LONGEST_MS = 1_500;

function fateOf(random: () => number): Fate | undefined {
  let drawn = random() * 100;
  return FATES.find(([, share]) => {
    drawn -= share;
    return drawn < 0;
  })?.[0];
}

/** The first message opens the session: without it there is none to disturb, so it may be late or come twice, never be lost. */
export function disturb<T>(deps: DisturbDeps<T>): Disturbed<T> {
  const held = new Map<() => void, T>();
  let first = true;
  let calm = false;
  const later = (message: T): void => {
    const cancel = deps.after(deps.random() * LONGEST_MS, () => {
      held.delete(cancel);
      deps.pass(message);
    });
    held.set(cancel, message);
  };
  return {
    take: (message) => {
      const drawn = calm ? undefined : fateOf(deps.random);
      const fate = drawn === 'lost' && first ? undefined : drawn;
      first = false;
      if (fate) {
        deps.seen(fate);
      }
      if (fate === 'late' || fate === 'twice') {
        later(message);
      }
      if (fate === 'twice' || fate === undefined) {
        deps.pass(message);
      }
    },
    calm: () => {
      calm = true;
      for (const [cancel, message] of held) {
        cancel();
        deps.pass(message);
      }
      held.clear();
    },
  };
}
