// SPDX-License-Identifier: Apache-2.0
/**
 * Runs every `*.test.js` under `dist/` (or those whose path contains an argument), one child process a file with a
 * time limit, because uvu has none and passes a file that runs no test. Closes with `N passed, N failed`.
 * A file whose first lines hold `@slow <seconds>` gets that limit; one that holds `@alone` runs with nothing beside it.
 */
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join, relative } from 'node:path';

const LIMIT_S = 120;
const SUMMARY = /^\s*Duration:/m;
const LINGER_MS = 3000;
const root = join(import.meta.dirname, '..');

interface Result {
  file: string;
  passed: number;
  failed: number;
  skipped: number;
  seconds: number;
  output: string;
}

const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.test.js') && !name.includes('node_modules'))
  .filter((name) => process.argv.length < 3 || process.argv.slice(2).some((part) => name.includes(part)))
  .sort();

function header(file: string): string {
  return readFileSync(join(root, '..', file.replace(/\.js$/, '.ts')), 'utf8').slice(0, 600);
}

function run(file: string): Promise<Result> {
  const started = performance.now();
  const limit = Number(/@slow (\d+)/.exec(header(file))?.[1] ?? LIMIT_S);
  return new Promise((done) => {
    const child = spawn(process.execPath, ['--enable-source-maps', join(root, file)], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NODE_NO_WARNINGS: '1', NO_COLOR: '1' },
      detached: true,
    });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      if (SUMMARY.test(output)) {
        // Something that a failed test left open must not hold up the rest.
        setTimeout(() => killGroup(child.pid), LINGER_MS).unref();
      }
    });
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const timer = setTimeout(() => {
      output += `\n${file}: ended after ${limit} s\n`;
      killGroup(child.pid);
    }, limit * 1000);
    child.on('close', (code) => {
      clearTimeout(timer);
      // What a test left running must not outlive it.
      killGroup(child.pid);
      const count = (what: string): number =>
        Number(new RegExp(`^\\s*${what}:\\s+(\\d+)`, 'm').exec(output)?.[1] ?? 0);
      const total = count('Total');
      const skipped = count('Skipped');
      const passed = count('Passed');
      let failed = total - passed;
      if (total === 0 && skipped === 0) {
        output += `\n${file}: ran no test\n`;
        failed = 1;
      } else if (code !== 0 && code !== null && failed === 0) {
        output += `\n${file}: exit code ${code}\n`;
        failed = 1;
      }
      done({ file, passed, failed, skipped, seconds: (performance.now() - started) / 1000, output });
    });
  });
}

function killGroup(pid: number | undefined): void {
  try {
    process.kill(-(pid ?? 0), 'SIGKILL');
  } catch {
    // The group is already gone.
  }
}

const results: Result[] = [];
function report(result: Result): void {
  results.push(result);
  const mark = result.failed > 0 ? 'FAIL' : 'ok  ';
  console.log(
    `${mark} ${relative(root, join(root, result.file))} ${result.passed} tests, ${result.seconds.toFixed(1)} s`,
  );
  if (result.failed > 0) {
    console.log(result.output);
  } else if (result.skipped > 0) {
    console.log(
      `     ${result.output.match(/^skipped: .*$/gm)?.join('\n     ') ?? `skipped: ${result.skipped} tests`}`,
    );
  }
}

const queue = files.filter((file) => !header(file).includes('@alone'));
const alone = files.filter((file) => header(file).includes('@alone'));
await Promise.all(
  Array.from({ length: Math.max(2, cpus().length) }, async () => {
    for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
      report(await run(file));
    }
  }),
);
for (const file of alone) {
  report(await run(file));
}

const sum = (key: 'passed' | 'failed' | 'skipped'): number =>
  results.reduce((total, one) => total + one[key], 0);
const skipped = sum('skipped');
const failed = files.length === 0 ? 1 : sum('failed');
console.log(`\n${sum('passed')} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exitCode = failed > 0 ? 1 : 0;
