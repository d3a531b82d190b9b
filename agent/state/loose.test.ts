// SPDX-License-Identifier: Apache-2.0
/** What a killed process, a disk that refuses and a full disk leave behind. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { openBench, removeFolder, tempFolder, updateOf } from '../nginx.harness.js';
import { hostCertificate, putCertificates } from './certificates.js';
import { createJournal, type Outcome } from './journal.js';
import { openLayout } from './layout.js';
import { type BundleStore, openStore } from './store.js';

const folder = tempFolder();
let count = 0;
const fresh = (): string => join(folder, `s${count++}`);
test.after(() => removeFolder(folder));

type Update = ReturnType<typeof updateOf>;
const put = (store: BundleStore, { digest, manifest, contents }: Update): readonly string[] => {
  store.putFiles(contents);
  return store.putBundle(digest, manifest, {});
};
const pathsOf = ({ manifest }: Update, files: string): string[] =>
  [...manifest.values()].map((hash) => join(files, hash));

test('what a killed process had placed is flushed by the next that uses it', () => {
  const layout = openLayout(fresh());
  const update = updateOf({ 'a.conf': 'one\n' });
  put(openStore(layout), update);
  const store = openStore(layout);
  const toFlush = put(store, update);
  for (const path of [...pathsOf(update, layout.files), layout.files]) {
    assert.ok(toFlush.includes(path), path);
  }
  store.flushed(update.manifest);
  assert.not.ok(put(store, update).includes(layout.files), 'once is enough');
});

test('after a flush that failed nothing is taken for held but what runs', () => {
  const store = openStore(openLayout(fresh()));
  const good = updateOf({ 'a.conf': 'good\n' });
  put(store, good);
  store.markGood(good.digest);
  const update = updateOf({ 'a.conf': 'good\n', 'b.conf': 'new\n' });
  put(store, update);
  store.distrust();
  assert.is(store.manifest(update.digest), undefined);
  assert.equal(store.manifest(good.digest), good.manifest);
  put(store, update);
  assert.equal(store.manifest(update.digest), update.manifest);
});

test('files that somebody waits for are not collected', () => {
  const store = openStore(openLayout(fresh()));
  const [old, good] = [updateOf({ 'a.conf': 'old\n' }), updateOf({ 'a.conf': 'good\n' })];
  put(store, old);
  for (const text of ['1', '2', '3']) {
    put(store, updateOf({ 'a.conf': text }));
  }
  put(store, good);
  store.markGood(good.digest);
  const [hash = ''] = old.manifest.values();
  store.collect(old.manifest.values());
  assert.ok(store.has(hash));
  store.collect();
  assert.not.ok(store.has(hash));
});

function pair(name: string): { pem: string; key: string } {
  const [key, pem] = [join(folder, `${name}.key`), join(folder, `${name}.pem`)];
  const asked = 'req -x509 -nodes -days 30 -subj /CN=x -newkey ec -pkeyopt ec_paramgen_curve:P-256';
  execFileSync('openssl', [...asked.split(' '), '-keyout', key, '-out', pem], { stdio: 'ignore' });
  return { pem: readFileSync(pem, 'utf8'), key: readFileSync(key, 'utf8') };
}

test('a wrong key does not take the place of the one that nginx runs on', () => {
  const { certificates } = openLayout(fresh());
  const [right, wrong] = [pair('right'), pair('wrong')];
  const put = (key: string): string => {
    const one = hostCertificate(right.pem, key);
    const toFlush = putCertificates(certificates, [one]);
    const path = join(certificates, `${one.fingerprint}.key`);
    assert.ok(toFlush.includes(path));
    return readFileSync(path, 'utf8');
  };
  assert.is(put(wrong.key), wrong.key, 'nginx itself says what is wrong with the first');
  assert.is(put(right.key), right.key);
  assert.is(put(wrong.key), right.key);
});

test('an agent that is started after a full disk knows the last good bundle', async () => {
  const state = fresh();
  const attach = { config: '/nowhere/nginx.conf', pidFile: '/nowhere/nginx.pid' };
  const [good, bad] = [updateOf({ 'a.conf': 'good\n' }), updateOf({ 'a.conf': 'bad\n' })];
  const { core } = await openBench(state, { attach });
  for (const update of [good, bad]) {
    put(core.store, update);
  }
  core.store.link(good.digest);
  core.store.markGood(good.digest);
  core.journal.begin(good.digest, '1');
  core.journal.finish({ status: 'SUCCESS' } as Outcome);
  core.journal.begin(bad.digest, '2');
  core.store.link(bad.digest);
  // A folder in the way of the new link stands for a disk without room: the other link is used up.
  mkdirSync(join(state, 'current.next', 'x'), { recursive: true });
  core.store.linkBack();
  rmSync(join(state, 'current.next'), { recursive: true });
  core.close();
  assert.is(openStore(core.layout).lastGood(), undefined);
  assert.is(createJournal(core.layout.journal).read()?.outcome, undefined);
  const again = await openBench(state, { attach });
  assert.is(again.core.store.lastGood(), good.digest);
  assert.is(again.core.store.current(), good.digest);
  again.core.close();
});

test('a bundle whose way up was not ended is not taken for good', async () => {
  const state = fresh();
  const first = await openBench(state);
  const update = updateOf({ 'a.conf': 'first\n' });
  put(first.core.store, update);
  first.core.journal.begin(update.digest, '1');
  first.core.store.link(update.digest);
  first.core.close();
  const { core } = await openBench(state);
  assert.is(core.store.lastGood(), undefined);
  core.close();
});

test.run();
