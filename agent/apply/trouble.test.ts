// SPDX-License-Identifier: Apache-2.0
/** Trouble of the host's own, beside a real nginx. */
import { mkdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { until } from '../../test/harness/until.js';
import { freePort, get, openBench, removeFolder, site, tempFolder, updateOf } from '../nginx.harness.js';
import { createJournal } from '../state/journal.js';

const folders: string[] = [];
const folder = (): string => {
  const made = tempFolder();
  folders.push(made);
  return made;
};
test.after(() => {
  for (const made of folders) {
    removeFolder(made);
  }
});

test('what the disk did not take is asked of the next update again', async () => {
  const at = folder();
  const port = await freePort();
  const update = updateOf({ 'a.conf': site(port, 'hello') });
  const [hash = ''] = update.contents.keys();
  let failures = 1;
  const failpoint = (name: string): void => {
    if (name === 'bundle-placed' && failures-- > 0) {
      // What is to be flushed is gone: the flush fails.
      rmSync(join(at, 's', 'files', hash));
    }
  };
  const { core, apply } = await openBench(join(at, 's'), { quietMs: 100, failpoint });
  assert.is((await apply(update)).status, 'FAILED');
  assert.not.ok(core.store.has(hash));
  const again = await apply(update);
  assert.is(again.status, 'SUCCESS', again.message);
  assert.is(await get(port), 'hello');
  core.close();
});

test('an error log that cannot be set aside keeps nginx from nothing, and others from reading it', async () => {
  const at = folder();
  const port = await freePort();
  const { core, apply } = await openBench(join(at, 's'), { quietMs: 100 });
  const other = updateOf({ 'a.conf': site(port, 'other') });
  for (const update of [other, updateOf({ 'a.conf': site(port, 'good') })]) {
    assert.is((await apply(update)).status, 'SUCCESS');
  }
  const { errorLog } = core.layout;
  assert.is(statSync(errorLog).mode & 0o077, 0);
  truncateSync(errorLog, 65 * 1024 * 1024);
  mkdirSync(join(`${errorLog}.1`, 'in-the-way'), { recursive: true });
  assert.throws(() => core.control.tidy());
  core.store.link(other.digest);
  const stop = core.conductor.supervise();
  try {
    await until('it is linked back', () => core.store.current() !== other.digest);
    await core.conductor.idle();
    assert.is(await get(port), 'good');
  } finally {
    stop();
  }
  rmSync(`${errorLog}.1`, { recursive: true });
  core.control.tidy();
  assert.ok((await core.conductor.reload()).success);
  await until('nginx writes to a new log', () => statSync(errorLog).size > 0);
  assert.is(statSync(errorLog).mode & 0o077, 0);
  core.close();
});

test('files that somebody changed or removed are asked for again, and nobody else is blamed', async () => {
  const at = folder();
  const port = await freePort();
  const { core, apply } = await openBench(join(at, 's'), { quietMs: 100 });
  const files = { 'a.conf': site(port, 'good'), 'b.conf': '# b\n', 'c.conf': '# c\n' };
  const good = updateOf(files);
  assert.is((await apply(good)).status, 'SUCCESS');
  const [, b = '', c = ''] = [...good.manifest.values()];
  rmSync(join(core.layout.files, b));
  writeFileSync(join(core.layout.files, c), 'nonsense;');
  rmSync(core.layout.tmp, { recursive: true });
  const next = updateOf({ ...files, 'a.conf': site(port, 'next') });
  const change = {
    ...next,
    contents: new Map([...next.contents].filter(([hash]) => hash !== b && hash !== c)),
  };
  const outcome = await apply(change);
  assert.equal([outcome.status, outcome.reason, outcome.stage], ['FAILED', 'DIGEST_MISMATCH', 'staged']);
  assert.equal([core.store.has(b), core.store.has(c)], [false, false]);
  assert.is((await apply(next)).status, 'SUCCESS');
  assert.is(await get(port), 'next');
  core.close();
});

test('an update goes on where the journal was removed', async () => {
  const at = folder();
  const port = await freePort();
  const { core, apply } = await openBench(join(at, 's'), { quietMs: 100 });
  assert.is((await apply(updateOf({ 'a.conf': site(port, 'one') }))).status, 'SUCCESS');
  rmSync(core.layout.journal);
  const second = updateOf({ 'a.conf': site(port, 'two') });
  const outcome = await apply(second);
  assert.is(outcome.status, 'SUCCESS', outcome.message);
  assert.is(createJournal(core.layout.journal).read()?.good?.digest, second.digest);
  core.close();
});

test.run();
