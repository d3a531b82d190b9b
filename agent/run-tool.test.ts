// SPDX-License-Identifier: Apache-2.0
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { systemClock, systemTimers } from '../kernel/index.js';
import { createRunTool } from './run-tool.js';

const runTool = createRunTool({ clock: systemClock, timers: systemTimers });
const sh = (script: string, more: object = {}) =>
  runTool('/bin/sh', ['-c', script], { cwd: '/', timeoutMs: 5000, ...more });

/** The process is gone or a zombie. */
const ended = (pid: string): boolean =>
  !existsSync(`/proc/${pid}/stat`) || / Z /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));

test('code and both outputs', async () => {
  const result = await sh('echo out; echo err >&2; exit 3');
  assert.equal(
    [result.code, result.signal, result.stdout, result.stderr, result.timedOut],
    [3, null, 'out\n', 'err\n', false],
  );
});

test('arguments are never read by a shell', async () => {
  const result = await runTool('/bin/echo', ['$(id)', '; id', '`id`'], { cwd: '/', timeoutMs: 5000 });
  assert.is(result.stdout, '$(id) ; id `id`\n');
});

test('at its time limit the whole group is killed', async () => {
  const started = performance.now();
  const result = await sh('trap "" TERM; sleep 1000 & echo $!; wait; sleep 1000', { timeoutMs: 200 });
  assert.equal([result.code, result.signal, result.timedOut], [null, 'SIGKILL', true]);
  assert.ok(performance.now() - started < 1000);
  assert.match(result.stdout, /^\d+\n$/);
  assert.ok(ended(result.stdout.trim()));
});

test('an abort kills, also one that came before', async () => {
  const abort = new AbortController();
  const running = sh('sleep 1000', { signal: abort.signal });
  abort.abort();
  assert.is((await running).signal, 'SIGKILL');
  assert.is((await sh('sleep 1000', { signal: abort.signal })).signal, 'SIGKILL');
});

test('a daemon that keeps the pipe open does not hold it up', async () => {
  const started = performance.now();
  const result = await sh('setsid sleep 1000 & echo $!');
  assert.is(result.code, 0);
  assert.ok(performance.now() - started < 1000);
  process.kill(Number(result.stdout), 'SIGKILL');
});

test('the environment is clean, standard input empty', async () => {
  process.env.NGINX = '3;4;';
  process.env.LD_LIBRARY_PATH = '/nowhere';
  process.env.http_proxy = 'http://127.0.0.1:1';
  try {
    const result = await sh('env; cat', { env: { EXTRA: 'yes' } });
    assert.not.match(result.stdout, /NGINX|LD_LIBRARY_PATH|http_proxy/);
    assert.match(result.stdout, 'EXTRA=yes');
  } finally {
    delete process.env.NGINX;
    delete process.env.LD_LIBRARY_PATH;
    delete process.env.http_proxy;
  }
});

test('output is bounded', async () => {
  const result = await sh('head -c 1000000 /dev/zero | tr "\\0" x', { maxOutput: 1000 });
  assert.is(result.code, 0);
  assert.is(result.stdout.length, 1000);
});

test('a tool that is not there', async () => {
  const result = await runTool('/nowhere/tool', [], { cwd: '/', timeoutMs: 5000 });
  assert.is(result.code, null);
  assert.match(result.stderr, 'ENOENT');
});

test('without a file descriptor to spare it says so', async () => {
  const [tool, kernel] = ['run-tool.js', '../kernel/index.js'].map((name) =>
    JSON.stringify(join(import.meta.dirname, name)),
  );
  const script = `import { openSync } from 'node:fs';
    import { createRunTool } from ${tool};
    import { systemClock, systemTimers } from ${kernel};
    const runTool = createRunTool({ clock: systemClock, timers: systemTimers });
    try { for (;;) openSync('/dev/null'); } catch {}
    const { code, stderr } = await runTool('/bin/echo', [], { cwd: '/', timeoutMs: 5000 });
    process.stdout.write(code + ' ' + stderr);`;
  const result = await sh(
    'ulimit -n 64; exec "$0" --input-type=module -e "$SCRIPT"'.replace('$0', process.execPath),
    {
      env: { SCRIPT: script },
    },
  );
  assert.is(result.stdout, 'null spawn /bin/echo EMFILE', result.stderr);
});

test.run();
