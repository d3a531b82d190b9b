// SPDX-License-Identifier: Apache-2.0
import type { Clock } from '../../kernel/index.js';
import type { Failpoint } from '../failpoint.js';
import type { Journal, Outcome, Step } from '../state/journal.js';
import type { Failure } from './failure.js';
import type { Report, Update } from './update.js';

export interface RunDeps {
  readonly clock: Clock;
  readonly journal: Journal;
  readonly failpoint: Failpoint;
  readonly report: (report: Report) => void;
}

/** One update's way through the machine: what it has reached and when, written to the journal and told to whoever listens. */
export interface Run {
  say(status: 'PENDING' | 'VALIDATING' | 'APPLYING'): void;
  begin(): void;
  /** The step is done, and known also after a `kill -9`. */
  reach(step: Step): void;
  /** The step is done and nothing can undo it, whether or not the journal takes it. */
  reachFinally(step: Step): void;
  outcome(status: Outcome['status'], failure?: Failure): Outcome;
  /** Ends the run. The outcome is told even if a full disk cannot take it. */
  finish(outcome: Outcome): void;
}

/** `resumed`: the journal has it already, and the steps that it had reached. */
export function createRun(
  deps: RunDeps,
  { digest, version, receivedAt }: Pick<Update, 'digest' | 'version' | 'receivedAt'>,
  resumed?: readonly Step[],
): Run {
  const stageMs: Record<string, number> = {};
  let stage: Step | '' = resumed?.at(-1) ?? '';
  let begun = resumed !== undefined;
  const about = { digest, version, receivedAt };
  const note = (step: Step): void => {
    stage = step;
    stageMs[step] = Math.round(deps.clock.monotonic() - receivedAt);
  };
  const attempt = (task: () => void): void => {
    try {
      task();
    } catch {
      // The journal keeps it in memory; after a restart the bundle that nginx proves tells enough.
    }
  };

  return {
    say: (status) => deps.report({ ...about, status, stage }),
    begin: () => {
      deps.journal.begin(digest, version.toString());
      begun = true;
    },
    reach: (step) => {
      deps.journal.step(step);
      note(step);
      deps.failpoint(step);
    },
    reachFinally: (step) => {
      note(step);
      attempt(() => deps.journal.step(step));
      deps.failpoint(step);
    },
    outcome: (status, failure) => ({
      status,
      stage,
      reason: failure?.reason ?? '',
      message: failure?.message ?? '',
      nginxOutput: failure?.nginxOutput ?? '',
      file: failure?.file ?? '',
      line: failure?.line ?? 0,
      stageMs: { ...stageMs },
      at: deps.clock.now(),
    }),
    finish: (outcome) => {
      if (begun) {
        attempt(() => deps.journal.finish(outcome));
      }
      deps.failpoint('finished');
      deps.report({ ...about, status: outcome.status, outcome });
    },
  };
}
