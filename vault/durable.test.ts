// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Secret, systemClock, systemRandom } from '../kernel/index.js';
import { sqliteReadStore } from '../read-store/sqlite/index.js';
import { openVault } from './index.js';

const test = suite<{ folder: string }>('vault: durable');
const strace = spawnSync('strace', ['-V']).status === 0;
const PUTS = 10;

test.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), 'nxmesh-durable-'));
});
test.after.each(({ folder }) => rmSync(folder, { recursive: true }));

/** A program that puts ten secrets between two marks that a trace shows, and is then killed. */
function program(folder: string, durable: boolean): string {
  const modules = ['../read-store/sqlite/index.js', '../kernel/index.js', './index.js'].map(
    (path) => `import(${JSON.stringify(import.meta.resolve(path))})`,
  );
  const path = JSON.stringify(join(folder, `${durable}.db`));
  return `Promise.all([${modules.join()}]).then(async ([sqlite, { Secret, systemClock, systemRandom }, vaults]) => {
    const store = sqlite.sqliteReadStore({ path: ${path}, clock: systemClock, durable: ${durable} });
    const masterKey = new Secret(Buffer.alloc(32, 1));
    const vault = await vaults.openVault({ store, masterKey, random: systemRandom });
    const mark = (name) => { try { process.chdir('/no/' + name); } catch {} };
    for (let n = 0; n < ${PUTS}; n++) {
      mark('before');
      await vault.put('s' + n, new Secret(Buffer.from('secret ' + n)));
      mark('after');
    }
    process.kill(process.pid, 'SIGKILL');
  })`;
}

/** The least number of syncs that any of the puts made before it answered. */
function syncsOfPut(folder: string, durable: boolean): number {
  const trace = join(folder, 'trace');
  const calls = ['-f', '-o', trace, '-e', 'trace=fsync,fdatasync,chdir'];
  spawnSync('strace', [...calls, process.execPath, '-e', program(folder, durable)], { timeout: 60_000 });
  const parts = readFileSync(trace, 'utf8').split('/no/before').slice(1);
  const puts = parts.map((part) => part.split('/no/after')[0] ?? '');
  assert.is(puts.length, PUTS);
  return Math.min(...puts.map((part) => part.match(/f(data)?sync\(/g)?.length ?? 0));
}

if (strace) {
  test('a secret is on the disk before put answers', ({ folder }) => {
    assert.is(syncsOfPut(folder, false), 0, 'what the count shows of a store that is not durable');
    assert.ok(syncsOfPut(folder, true) >= 1);
  });
}

test('what was put is there after kill -9', async ({ folder }) => {
  const { signal } = spawnSync(process.execPath, ['-e', program(folder, true)], { timeout: 60_000 });
  assert.is(signal, 'SIGKILL');
  const store = sqliteReadStore({ path: join(folder, 'true.db'), clock: systemClock, durable: true });
  const vault = await openVault({ store, masterKey: new Secret(Buffer.alloc(32, 1)), random: systemRandom });
  for (let n = 0; n < PUTS; n++) {
    assert.is((await vault.get(`s${n}`))?.reveal().toString(), `secret ${n}`);
  }
  await vault.close();
});

test.run();
