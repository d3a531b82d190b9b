// SPDX-License-Identifier: Apache-2.0
import { askProof } from '../nginx-control/proof.js';
import type { ToolResult } from '../run-tool.js';
import { putCertificates } from '../state/certificates.js';
import { makeFolders } from '../state/layout.js';
import { activate } from './activate.js';
import type { ApplyDeps } from './deps.js';
import { type Failure, failure, failureOfActivation, failureOfError, failureOfTest } from './failure.js';
import { rollBack } from './roll-back.js';
import { createRun, type Run } from './run.js';
import type { Update } from './update.js';
import { vocabularyOf } from './vocabulary.js';
import type { Vocabulary } from './words.js';

/**
 * Brings one update live: staged → tested → linked → signalled → proven → committed. Until it is linked a failure
 * changes nothing; afterwards the last good bundle is linked and proven again. Each step is in the journal before the
 * next, so that `recover` can go on from wherever the process was killed. Never rejects: how it ends is reported.
 */
export async function apply(deps: ApplyDeps, update: Update): Promise<void> {
  const run = createRun(deps, update);
  try {
    await bringLive(deps, run, update);
  } catch (error) {
    run.finish(run.outcome('FAILED', failureOfError(error)));
  }
}

const DAMAGED = 'files of the bundle were changed or removed on the disk of the agent';

async function bringLive(deps: ApplyDeps, run: Run, update: Update): Promise<void> {
  const { store, failpoint } = deps;
  const fail = (why: Failure): void => run.finish(run.outcome('FAILED', why));
  run.say('PENDING');
  const staged = stage(deps, run, update);
  if (await alreadyServed(deps, update.digest)) {
    await flushed(deps, run, update, staged);
    return commit(deps, run, update.digest);
  }
  if (deps.stopped()) {
    return fail(failure('HEALTH_GATE', 'nginx was stopped by command; start it with the restart command'));
  }

  run.say('VALIDATING');
  failpoint('testing');
  const words = vocabularyOf(deps, update.digest);
  // nginx reads what the disk is still writing; both must have ended well before anything is linked.
  const flushing = flushed(deps, run, update, staged);
  // Told below: nobody else may begin while the test still runs.
  flushing.catch(() => undefined);
  const tested = await deps.control.test(store.folder(update.digest));
  await flushing;
  if (tested.code !== 0 && store.dropDamaged(update.manifest)) {
    // None of the configuration's faults: the master sends them again.
    return fail(failure('DIGEST_MISMATCH', DAMAGED));
  }
  let refused = failureOfTest(tested, words);
  if (refused !== undefined) {
    return fail(refused);
  }
  run.reach('tested');
  run.say('APPLYING');
  failpoint('linking');
  store.link(update.digest);
  try {
    run.reach('linked');
    const whole = await deps.control.testLinked();
    refused = whole && failureOfWhole(whole, words);
    if (refused !== undefined) {
      return await rollBack(deps, run, refused, 'unchanged');
    }
    failpoint('signalling');
    const activation = await activate(deps, update.digest, () => run.reach('signalled'));
    if (!activation.proven) {
      const kept = activation.why === 'refused' || activation.why === 'absent' ? 'unchanged' : 'changed';
      return await rollBack(deps, run, failureOfActivation(activation, words), kept);
    }
    run.reach('proven');
    commit(deps, run, update.digest);
  } catch (error) {
    await rollBack(deps, run, failureOfError(error), 'changed');
  }
}

/** Places everything; returns what is to be flushed. */
function stage(deps: ApplyDeps, run: Run, update: Update): readonly string[] {
  const { digest, version, manifest } = update;
  deps.failpoint('staging');
  run.begin();
  makeFolders(deps.layout);
  deps.store.putFiles(update.contents);
  return [
    ...putCertificates(deps.layout.certificates, update.certificates),
    ...deps.store.putBundle(digest, manifest, deps.heads(digest, version, manifest)),
  ];
}

async function flushed(
  deps: ApplyDeps,
  run: Run,
  { manifest }: Update,
  paths: readonly string[],
): Promise<void> {
  try {
    await deps.flush(paths);
  } catch (error) {
    deps.store.distrust();
    throw error;
  }
  deps.store.flushed(manifest);
  run.reach('staged');
}

async function alreadyServed(deps: ApplyDeps, digest: string): Promise<boolean> {
  return (
    deps.store.current() === digest &&
    deps.store.lastGood() === digest &&
    (await askProof(deps.ask))?.digest === digest
  );
}

/** The bundle is proven: from here on it is the one to go back to. Throws while it is not, if the disk refuses. */
export function commit(deps: ApplyDeps, run: Run, digest: string): void {
  deps.failpoint('committing');
  deps.store.markGood(digest);
  run.reachFinally('committed');
  run.finish(run.outcome('SUCCESS'));
}

/** Of a foreign configuration only what stands in the way of ours is our business, not its own warnings. */
function failureOfWhole(result: ToolResult, words: Vocabulary): Failure | undefined {
  const found = failureOfTest(result, words);
  const ownWarning = /^conflicting server name "([^"]*)"/.exec(found?.message ?? '');
  return result.code === 0 && !(ownWarning && words.stands(ownWarning[1] ?? '')) ? undefined : found;
}
