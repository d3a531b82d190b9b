// SPDX-License-Identifier: Apache-2.0
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { systemRandom as random } from '../kernel/index.js';
import { MasterKeyUnusable, masterKey } from './index.js';

const test = suite<{ folder: string; path: string }>('vault: master key');

test.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), 'nxmesh-key-'));
  context.path = join(context.folder, 'master.key');
});
test.after.each(({ folder }) => rmSync(folder, { recursive: true }));

function refusal(path: string, create = false): string {
  try {
    masterKey({ path, create, random });
    return 'opened';
  } catch (error) {
    assert.instance(error, MasterKeyUnusable);
    return (error as Error).message;
  }
}

test('is made once, for its owner alone, and is the same ever after', ({ folder, path }) => {
  assert.match(refusal(path), 'no such file');
  const key = masterKey({ path, create: true, random });
  assert.is(key.reveal().length, 32);
  assert.is(statSync(path).mode & 0o777, 0o600);
  assert.equal(readdirSync(folder), ['master.key']);
  for (const create of [true, false]) {
    assert.equal(masterKey({ path, create, random }).reveal(), key.reveal());
  }
});

test('two keys differ', ({ folder }) => {
  const keys = ['a', 'b'].map((name) => masterKey({ path: join(folder, name), create: true, random }));
  assert.not.equal(keys[0]?.reveal(), keys[1]?.reveal());
});

test('a file that others may read is refused', ({ path }) => {
  writeFileSync(path, Buffer.alloc(32, 1), { mode: 0o600 });
  for (const mode of [0o640, 0o604, 0o620, 0o601]) {
    chmodSync(path, mode);
    assert.match(refusal(path, true), 'chmod 600');
  }
  chmodSync(path, 0o400);
  assert.is(refusal(path), 'opened');
});

test('what is not 32 bytes is refused and left as it is', ({ path }) => {
  for (const size of [0, 31, 33, 64]) {
    writeFileSync(path, Buffer.alloc(size, 1), { mode: 0o600 });
    assert.match(refusal(path, true), `has ${size} bytes`);
    assert.is(statSync(path).size, size);
  }
});

test('a link, a folder and a place that is not there are refused', ({ folder, path }) => {
  writeFileSync(join(folder, 'real'), Buffer.alloc(32, 1), { mode: 0o600 });
  symlinkSync(join(folder, 'real'), path);
  assert.match(refusal(path, true), 'ELOOP');
  mkdirSync(join(folder, 'dir'), { mode: 0o700 });
  assert.match(refusal(join(folder, 'dir'), true), 'not a regular file');
  assert.match(refusal(join(folder, 'no', 'key'), true), 'cannot be made');
});

test.run();
