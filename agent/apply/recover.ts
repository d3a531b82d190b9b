// SPDX-License-Identifier: Apache-2.0
import { askProof } from '../nginx-control/proof.js';
import { EMPTY } from '../state/scan.js';
import { activate } from './activate.js';
import { commit } from './apply.js';
import type { ApplyDeps } from './deps.js';
import { failureOfActivation, failureOfError } from './failure.js';
import { restore, rollBack } from './roll-back.js';
import { createRun } from './run.js';
import { vocabularyOf } from './vocabulary.js';

const QUESTIONS = 3;
const PAUSE_MS = 100;

/**
 * Goes on from wherever the process ended, at any step. What was linked (so tested) is finished or rolled back; what was
 * not linked has changed nothing and is forgotten: the master sends it again. Then nginx is to serve the last good
 * bundle. True when it provably does, or when there is none yet.
 */
export async function recover(deps: ApplyDeps): Promise<boolean> {
  const { store, journal } = deps;
  const entry = journal.read();
  if (entry !== undefined && entry.outcome === undefined) {
    const about = {
      digest: entry.digest,
      version: BigInt(entry.version),
      receivedAt: deps.clock.monotonic(),
    };
    const run = createRun(deps, about, entry.steps);
    if (entry.rollingBack !== undefined) {
      const restored = await restore(deps, 'changed').catch(() => false);
      run.finish(entry.rollingBack);
      return restored;
    }
    if (store.lastGood() === entry.digest) {
      const served = await ensureServed(deps);
      if (served) {
        run.finish(run.outcome('SUCCESS'));
      }
      return served;
    }
    if (entry.steps.includes('tested') && store.current() === entry.digest) {
      return await finish(deps, run, entry.digest);
    }
  }
  return await ensureServed(deps);
}

async function finish(deps: ApplyDeps, run: ReturnType<typeof createRun>, digest: string): Promise<boolean> {
  try {
    const activation = await activate(deps, digest, () => run.reach('signalled'));
    if (activation.proven) {
      run.reach('proven');
      commit(deps, run, digest);
      return true;
    }
    await rollBack(deps, run, failureOfActivation(activation, vocabularyOf(deps, digest)), 'changed');
  } catch (error) {
    await rollBack(deps, run, failureOfError(error), 'changed');
  }
  return await ensureServed(deps);
}

/** Makes nginx serve the last good bundle if it does not; true when it provably does, or when there is none to serve. */
export async function ensureServed(deps: ApplyDeps): Promise<boolean> {
  const { store } = deps;
  const good = store.lastGood();
  if (good === undefined) {
    if (store.current() !== undefined) {
      store.unlink();
    }
    return true;
  }
  if (store.current() !== good) {
    store.linkBack();
  }
  if (good === EMPTY || deps.stopped()) {
    return true;
  }
  return (await servedNow(deps, good)) || (await activate(deps, good)).proven;
}

/** One question may go unanswered on a machine that is busy; nginx is not reloaded for that. */
async function servedNow(deps: ApplyDeps, digest: string): Promise<boolean> {
  for (let asked = 0; asked < QUESTIONS && deps.control.master() !== undefined; asked += 1) {
    if ((await askProof(deps.ask))?.digest === digest) {
      return true;
    }
    await deps.timers.sleep(PAUSE_MS);
  }
  return false;
}
