// SPDX-License-Identifier: Apache-2.0
/** What the disk is really asked, and what happens when it says no; seen from outside with strace. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { APPENDER, acknowledged, type Child, hasProgram, start, testIf } from './child.harness.js';
import { newLogPath } from './folder.harness.js';
import { verifyLog } from './index.js';
import { assertStored } from './stored.harness.js';

const straceTest = testIf(test, hasProgram('strace'));

/** Runs an appender under strace; gives it and the traced calls. */
async function traced(path: string, clients: number, each: number, ...options: string[]) {
  const output = join(dirname(path), 'trace');
  const calls = 'trace=fsync,fdatasync,sync_file_range,write,pwrite64';
  const node = [process.execPath, APPENDER, path, String(clients), String(each)];
  const child: Child = start('strace', ['-f', '-y', '-e', calls, ...options, '-o', output, ...node]);
  await child.ended;
  return { child, trace: readFileSync(output, 'latin1').split('\n') };
}

const isSync = (line: string): boolean => /\bf(data)?sync\([0-9]+<[^>]*events\.db-wal>/.test(line);
const isAck = (line: string): boolean => /\bwrite\(1<.*"workspace-/.test(line);

straceTest('every acknowledgement comes after a sync of the write-ahead log of its own', async () => {
  const { child, trace } = await traced(newLogPath(), 1, 50);
  const lines = acknowledged(child);
  assert.ok(lines.length >= 50);
  let synced = false;
  let acked = 0;
  // The events of one append are told together, one line each; other threads wake each other in between.
  let telling = false;
  for (const line of trace) {
    if (isSync(line)) {
      synced = true;
      telling = false;
    } else if (isAck(line)) {
      assert.ok(synced || telling, `acknowledged before a sync: ${line}`);
      acked += synced ? 1 : 0;
      synced = false;
      telling = true;
    } else if (line.includes('events.db-wal')) {
      telling = false;
    }
  }
  assert.is(acked, 50);
});

straceTest('many clients share a sync', async () => {
  const { child, trace } = await traced(newLogPath(), 40, 20);
  const appends = 40 * 20;
  assert.ok(acknowledged(child).length >= appends);
  const syncs = trace.filter(isSync).length;
  assert.ok(syncs > 0 && syncs < appends / 4, `${syncs} syncs for ${appends} appends`);
});

straceTest('after a failed fsync nothing is written any more, and reads go on', async () => {
  const path = newLogPath();
  const { child, trace } = await traced(path, 4, 0, '-e', 'inject=fsync,fdatasync:error=EIO:when=40');
  const said = child.lines();
  const refusals = said.filter((line) => line.startsWith('refused'));
  assert.is(refusals.length, 4, said.slice(-6).join('\n'));
  assert.ok(refusals.every((line) => line.startsWith('refused Unavailable the log has stopped')));
  assert.is(said.at(-1), 'closed');
  assert.match(said.at(-2) ?? '', /^head [1-9]/);
  const failed = trace.findIndex((line) => line.includes('EIO'));
  assert.ok(failed > 0);
  const after = trace.slice(failed + 1).filter((line) => /(sync|pwrite64)\(.*events\.db/.test(line));
  assert.equal(after, []);
  assertStored(path, acknowledged(child));
  assert.ok((await verifyLog(path)).ok);
});

test.run();
