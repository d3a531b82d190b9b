// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import { errorMessage } from '../../kernel/index.js';
import { type Experiment, type Invariant, type Shape, Skipped, type Trial } from './experiment.js';
import { seeded } from './random.js';

export interface Result {
  readonly id: string;
  readonly title: string;
  readonly shape: Shape;
  readonly bound: string;
  readonly verdict: 'held' | 'FAILED' | 'skipped';
  readonly invariants: readonly Invariant[];
  readonly seen: readonly string[];
  readonly faults: readonly string[];
  readonly seconds: number;
}

export interface Options {
  readonly full: boolean;
  readonly seed: number;
  readonly logs?: string | undefined;
  say(words: string): void;
}

const numberOf = (text: string): number => Buffer.from(text).reduce((sum, byte) => (sum * 31 + byte) | 0, 7);

/** Runs an experiment on one shape. Never rejects: what goes wrong is the result. */
export async function runTrial(experiment: Experiment, shape: Shape, options: Options): Promise<Result> {
  const { id, title, bound } = experiment;
  const run = experiment.shapes[shape];
  const started = performance.now();
  const invariants = new Set<Invariant>();
  const seen: string[] = [];
  const faults: string[] = [];
  const cleanups: (() => Promise<void> | void)[] = [];
  let skipped = false;
  const trial: Trial = {
    shape,
    logs: options.logs && join(options.logs, `${id}-${shape}`),
    count: (few, all) => (options.full ? all : few),
    random: seeded(options.seed + numberOf(`${id} ${shape}`)),
    check: (invariant, held, what) => {
      invariants.add(invariant);
      if (!held) {
        faults.push(`${invariant}: ${what}`);
      }
    },
    expect: (held, what) => {
      if (!held) {
        faults.push(what);
      }
    },
    measure: (what, value, unit, most) => {
      const shown = Number.isInteger(value) ? String(value) : value.toFixed(1);
      seen.push(`${what} ${shown}${unit === '' ? '' : ` ${unit}`}`);
      if (most !== undefined && value > most) {
        faults.push(`${what}: ${shown} ${unit}, at most ${most} are allowed`);
      }
    },
    cleanup: (task) => cleanups.push(task),
    say: (words) => options.say(`${id} ${shape}: ${words}`),
  };
  try {
    await run?.(trial);
  } catch (error) {
    skipped = error instanceof Skipped;
    (skipped ? seen : faults).push(errorMessage(error));
  }
  for (const task of cleanups.toReversed()) {
    try {
      await task();
    } catch (error) {
      faults.push(`cleanup: ${errorMessage(error)}`);
    }
  }
  const verdict = faults.length > 0 ? 'FAILED' : skipped ? 'skipped' : 'held';
  const seconds = (performance.now() - started) / 1000;
  return { id, title, shape, bound, verdict, invariants: [...invariants].sort(), seen, faults, seconds };
}
