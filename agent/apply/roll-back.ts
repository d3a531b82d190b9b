// SPDX-License-Identifier: Apache-2.0
import { askProof } from '../nginx-control/proof.js';
import { EMPTY } from '../state/scan.js';
import { activate } from './activate.js';
import type { ApplyDeps } from './deps.js';
import type { Failure } from './failure.js';
import type { Run } from './run.js';

/**
 * Links the last good bundle again and makes sure that nginx serves it. `unchanged`: nginx was not signalled, or its
 * master has said that it keeps the old configuration; then it need not be disturbed. With no bundle to go back to,
 * nothing stays linked.
 */
export async function rollBack(
  deps: ApplyDeps,
  run: Run,
  why: Failure,
  nginx: 'unchanged' | 'changed',
): Promise<void> {
  const good = deps.store.lastGood();
  const outcome = run.outcome(good === undefined ? 'FAILED' : 'ROLLED_BACK', why);
  try {
    deps.journal.rollBack(outcome);
  } catch {
    // Without the note, a restart finds the link changed back or the new bundle not proven, and comes here again.
  }
  deps.failpoint('rolling-back');
  const restored = await restore(deps, nginx).catch(() => false);
  run.finish(
    restored
      ? outcome
      : {
          ...outcome,
          message: `${outcome.message} (and the last good configuration is not proven to be back)`,
        },
  );
}

/** True when the last good bundle is linked and, where nginx can tell, proven. */
export async function restore(deps: ApplyDeps, nginx: 'unchanged' | 'changed'): Promise<boolean> {
  const good = deps.store.lastGood();
  if (good === undefined) {
    deps.store.unlink();
    return true;
  }
  deps.store.linkBack();
  deps.failpoint('relinked');
  if (good === EMPTY) {
    const master = deps.control.master();
    if (nginx === 'changed' && master !== undefined) {
      deps.control.reload(master);
    }
    return true;
  }
  if (nginx === 'unchanged' && (await askProof(deps.ask))?.digest === good) {
    return true;
  }
  return (await activate(deps, good)).proven;
}
