// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { systemClock, systemTimers } from '../../kernel/index.js';
import { removeFolder, tempFolder, updateOf } from '../nginx.harness.js';
import { createRunTool } from '../run-tool.js';
import { dropCertificates } from './certificates.js';
import { createJournal, type Outcome } from './journal.js';
import { openLayout, StateFolderError } from './layout.js';
import { lockStateFolder } from './lock.js';
import { openStore } from './store.js';

const folder = tempFolder();
let count = 0;
const fresh = (): string => join(folder, `s${count++}`);
test.after(() => removeFolder(folder));

const outcome = (status: Outcome['status']): Outcome => ({
  status,
  stage: 'tested',
  reason: '',
  message: 'é',
  nginxOutput: '',
  file: '',
  line: 0,
  stageMs: { tested: 1 },
  at: 1,
});

test('a journal cut at any byte holds what was whole, and can be gone on with', () => {
  const path = join(folder, 'journal');
  const journal = createJournal(path);
  journal.begin('a'.repeat(64), '7');
  journal.step('staged');
  journal.step('tested');
  journal.finish(outcome('SUCCESS'));
  journal.told();
  const whole = readFileSync(path);
  const seen = new Set<string>();
  for (let cut = 0; cut <= whole.length; cut += 1) {
    writeFileSync(path, whole.subarray(0, cut));
    const entry = createJournal(path).read();
    seen.add(JSON.stringify([entry?.digest?.length, entry?.steps, entry?.outcome?.message, entry?.told]));
    if (entry !== undefined) {
      const resumed = createJournal(path);
      resumed.step('linked');
      resumed.step('proven');
      assert.equal(createJournal(path).read(), resumed.read(), `cut at ${cut}`);
      assert.equal(resumed.read()?.steps, [...entry.steps, 'linked', 'proven']);
    }
  }
  assert.equal(
    [...seen],
    [
      '[null,null,null,null]',
      '[64,[],null,false]',
      '[64,["staged"],null,false]',
      '[64,["staged","tested"],null,false]',
      '[64,["staged","tested"],"é",false]',
      '[64,["staged","tested"],"é",true]',
    ],
  );
});

test('what stands behind a damaged line is not believed, nor brought back', () => {
  const path = join(folder, 'journal3');
  const journal = createJournal(path);
  journal.begin('a', '1');
  journal.step('staged');
  journal.step('tested');
  journal.step('linked');
  writeFileSync(path, readFileSync(path, 'utf8').replace('{"step":"staged"}', '{"step":"staged"!'));
  createJournal(path).step('staged');
  assert.equal(createJournal(path).read()?.steps, ['staged']);
});

test('the journal remembers the last proven bundle over later failures', () => {
  const journal = createJournal(join(folder, 'journal2'));
  journal.begin('a', '1');
  journal.finish(outcome('SUCCESS'));
  journal.begin('b', '2');
  journal.finish(outcome('FAILED'));
  journal.begin('c', '3');
  assert.equal(createJournal(join(folder, 'journal2')).read()?.good, { digest: 'a', version: '1' });
});

test('an opened store has no half-made bundle and no file with other bytes than its name', () => {
  const layout = openLayout(fresh());
  const store = openStore(layout);
  const update = updateOf({ 'a.conf': 'one\n', 'b.conf': 'two\n' });
  store.putFiles(update.contents);
  store.putBundle(update.digest, update.manifest, { 'nginx.conf': '' });
  const [first = '', second = ''] = update.contents.keys();
  const bytes = readFileSync(join(layout.files, first));
  bytes.writeUInt8(bytes.readUInt8(0) ^ 1, 0);
  writeFileSync(join(layout.files, first), bytes);
  writeFileSync(join(layout.files, `${second}.next`), 'tw');
  mkdirSync(join(layout.bundles, `${update.digest}.next`));

  const opened = openStore(layout);
  assert.equal(opened.held(), [second]);
  assert.equal(readdirSync(layout.files), [second]);
  assert.equal(readdirSync(layout.bundles), [update.digest]);
  assert.is(opened.manifest(update.digest), undefined, 'a bundle that lacks a file is not whole');
  opened.putFiles(update.contents);
  assert.equal(opened.manifest(update.digest), update.manifest);

  const path = join(layout.bundles, update.digest, 'manifest.json');
  writeFileSync(path, readFileSync(path, 'utf8').replace('a.conf', 'c.conf'));
  assert.is(openStore(layout).manifest(update.digest), undefined, 'nor one with another manifest');
});

test('the linked, the last good and the newest bundles stay, with their files', () => {
  const layout = openLayout(fresh());
  const store = openStore(layout);
  const updates = [1, 2, 3, 4, 5, 6].map((n) => updateOf({ 'a.conf': `${n}\n`, 'same.conf': 'same\n' }));
  const put = (index: number): string => {
    const update = updates[index];
    assert.ok(update);
    store.putFiles(update.contents);
    store.putBundle(update.digest, update.manifest, {});
    return update.digest;
  };
  const good = put(0);
  store.markGood(good);
  store.link(good);
  const rest = [1, 2, 3, 4, 5].map(put);
  store.collect();
  assert.equal(readdirSync(layout.bundles).sort(), [good, ...rest.slice(-2)].sort());
  assert.is(store.held().length, 4);
  assert.equal(readdirSync(layout.files).sort(), store.held());
  assert.ok(store.manifest(good));
});

test('keys that no bundle mentions do not outlive a start', () => {
  const layout = openLayout(fresh());
  const store = openStore(layout);
  const [used, unused] = ['a', 'b'].map((letter) => letter.repeat(64));
  store.putFiles(updateOf({ 'a.conf': `ssl_certificate "certificates/${used}.pem";\n` }).contents);
  for (const fingerprint of [used, unused]) {
    writeFileSync(join(layout.certificates, `${fingerprint}.key`), '');
    writeFileSync(join(layout.certificates, `${fingerprint}.pem`), '');
  }
  dropCertificates(layout.certificates, openStore(layout));
  assert.equal(readdirSync(layout.certificates).sort(), [`${used}.key`, `${used}.pem`]);
});

test('the link goes back also when there is room for nothing new', () => {
  const layout = openLayout(fresh());
  const store = openStore(layout);
  const [one, two] = [updateOf({ 'a.conf': '1\n' }), updateOf({ 'a.conf': '2\n' })];
  for (const { digest, manifest, contents } of [one, two]) {
    store.putFiles(contents);
    store.putBundle(digest, manifest, {});
  }
  store.markGood(one.digest);
  store.link(two.digest);
  // A folder in the way of the new link: it cannot be made.
  mkdirSync(join(layout.root, 'current.next', 'x'), { recursive: true });
  store.linkBack();
  assert.is(store.current(), one.digest);
  assert.is(store.lastGood(), one.digest);
  rmSync(join(layout.root, 'current.next'), { recursive: true });
  assert.is(readlinkSync(layout.current), join('bundles', one.digest));
});

test('what is secret is for the owner alone', () => {
  const layout = openLayout(fresh(), 1000);
  for (const path of Object.values(layout).filter((one) => existsSync(one))) {
    assert.is(statSync(path).mode & 0o777, 0o700, path);
  }
  const rooted = openLayout(fresh(), 0);
  for (const path of [rooted.identity, rooted.certificates, rooted.files, rooted.bundles, rooted.run]) {
    assert.is(statSync(path).mode & 0o777, 0o700, path);
  }
});

test('folders that cannot be used are refused with the reason', () => {
  for (const [path, words] of [
    ['relative', /absolute/],
    [`${folder}/a b`, /absolute/],
    [`${folder}/a$b`, /absolute/],
    [`${folder}/a*`, /absolute/],
    [`${folder}/${'x'.repeat(100)}`, /longer than 107 bytes/],
    ['/proc/nowhere', /cannot be used/],
  ] as const) {
    assert.throws(
      () => openLayout(path),
      (error: unknown) => error instanceof StateFolderError && words.test(error.message),
      path,
    );
  }
});

const runTool = createRunTool({ clock: systemClock, timers: systemTimers });

test('one agent a folder; a killed one leaves nothing behind', async () => {
  const { root } = openLayout(fresh());
  const from = (...path: string[]): string => JSON.stringify(join(import.meta.dirname, ...path));
  const holder = spawn(
    process.execPath,
    [
      '--input-type=module',
      '-e',
      `import { lockStateFolder } from ${from('lock.js')};
       import { createRunTool } from ${from('..', 'run-tool.js')};
       import { systemClock as clock, systemTimers as timers } from ${from('..', '..', 'kernel', 'index.js')};
       await lockStateFolder(${JSON.stringify(root)}, createRunTool({ clock, timers }));
       console.log('held'); setInterval(() => {}, 1000);`,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  await new Promise((done) => holder.stdout.once('data', done));
  const refused: unknown = await lockStateFolder(root, runTool).catch((error: unknown) => error);
  assert.instance(refused, StateFolderError);
  assert.match(String(refused), 'another agent is running');
  holder.kill('SIGKILL');
  await new Promise((done) => holder.once('exit', done));
  const unlock = await lockStateFolder(root, runTool);
  unlock();
  (await lockStateFolder(root, runTool))();
});

test('who may not enter the folder cannot take its lock', async () => {
  const { root } = openLayout(fresh());
  const { dev, ino } = statSync(root);
  // Names in the abstract namespace are anybody's to take.
  const squatter = createServer();
  await new Promise<void>((done) => squatter.listen({ path: `\0nxmesh-agent-${dev}-${ino}` }, done));
  try {
    (await lockStateFolder(root, runTool))();
    assert.is(statSync(root).mode & 0o044, 0, 'nobody else may open it');
  } finally {
    squatter.close();
  }
});

test.run();
