// SPDX-License-Identifier: Apache-2.0
/** Lines of real files, over rotations, kills and what others do to a log. */
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { removeFolder, tempFolder } from '../nginx.harness.js';
import { openLogFile } from './log-file.js';
import { loadProgress, type Progress, saveProgress } from './position.js';
import { createReader, type Reader } from './reader.js';

/** A log with a writer that behaves as nginx does, and a reader that can be killed. */
function scene(rotateAt: number) {
  const folder = tempFolder();
  const path = join(folder, 'access.log');
  const state = join(folder, 'telemetry.json');
  const clock = { at: 0, now: () => clock.at, monotonic: () => clock.at };
  const lost: number[] = [];
  /** What nginx has open: a renamed file until it is told to open its log again. */
  let writes = path;
  let sources = 0;
  let progress: Progress;
  let reader: Reader;
  const counted: string[] = [];
  const self = {
    path,
    clock,
    lost,
    counted,
    /** Whether nginx is there to be told. */
    alive: true,
    open: (): void => {
      progress = loadProgress(state, () => {
        sources += 1;
        return `source-${sources}`;
      });
      reader = createReader(
        {
          clock,
          path,
          rotateAt: () => rotateAt,
          reopen: () => {
            if (self.alive) {
              writes = path;
              appendFileSync(path, '');
            }
            return self.alive;
          },
          keep: () => saveProgress(state, progress),
          lost: (bytes) => lost.push(bytes),
        },
        progress.position,
      );
    },
    write: (lines: readonly string[]): void =>
      appendFileSync(writes, lines.map((line) => `${line}\n`).join('')),
    /** Reads to the end as often as there is something. */
    read: (most = Number.POSITIVE_INFINITY): void => {
      for (let blocks = 0; blocks < most; blocks += 1) {
        const before = existsSync(`${path}.1`);
        const some = reader.next((text, end) => {
          if (end > progress.position.counted) {
            progress.position.counted = end;
            counted.push(text);
          }
          progress.position.shipped = end;
        });
        if (!before && existsSync(`${path}.1`) && writes === path && !self.alive) {
          writes = `${path}.1`;
        }
        if (!some) {
          return;
        }
      }
    },
    keep: (): void => saveProgress(state, progress),
    /** Dies without a word, and begins again from what was kept. */
    kill: (): void => {
      reader.close();
      // What was counted since is counted again by whoever reads it again.
      const again = (progress.position.counted - loadProgress(state, () => '').position.counted) / LINE;
      counted.length -= again;
      self.open();
    },
    position: () => progress.position,
    end: (): void => {
      reader.close();
      removeFolder(folder);
    },
  };
  self.open();
  return self;
}

const LINE = 10;
const lines = (from: number, count: number): string[] =>
  Array.from({ length: count }, (_, n) => String(from + n).padStart(LINE - 1, '0'));

test('every line is read once, and half a line not before it is whole', () => {
  const s = scene(1e6);
  s.read();
  assert.equal(s.counted, []);
  s.write(lines(0, 5));
  appendFileSync(s.path, '0000');
  s.read();
  assert.equal(s.counted, lines(0, 5));
  s.write(['00005', ...lines(6, 3)]);
  s.read();
  assert.equal(s.counted, lines(0, 9));
  s.end();
});

test('a log is set aside, read to its end and removed, however late its last lines come', () => {
  const s = scene(500);
  for (let n = 0; n < 60; n += 1) {
    s.write(lines(n * 7, 7));
    s.read();
    s.clock.at += 500;
  }
  s.clock.at += 10_000;
  s.read();
  s.read();
  assert.equal(s.counted, lines(0, 420));
  assert.not(existsSync(`${s.path}.1`));
  assert.ok(readFileSync(s.path).length < 1000);
  s.end();
});

test('a worker that opens its logs late loses no line', () => {
  const s = scene(100);
  s.write(lines(0, 10));
  s.alive = false;
  s.read();
  assert.ok(existsSync(`${s.path}.1`));
  s.write(lines(10, 5));
  s.read();
  s.clock.at += 60_000;
  s.read();
  s.write(lines(15, 3));
  s.alive = true;
  s.read();
  s.read();
  s.write(lines(18, 2));
  s.clock.at += 3000;
  s.read();
  s.read();
  assert.equal(s.counted, lines(0, 20));
  assert.not(existsSync(`${s.path}.1`));
  s.end();
});

test('killed anywhere, nothing is counted twice and nothing left out', () => {
  // Every look is one step, and after each there may be a kill; what is kept may be some steps old.
  for (let seed = 1; seed <= 40; seed += 1) {
    let state = seed * 7919;
    const random = (below: number): number => {
      state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
      return Math.floor((state / 2_147_483_648) * below);
    };
    const s = scene(200);
    let written = 0;
    for (let step = 0; step < 60; step += 1) {
      const more = random(12);
      s.write(lines(written, more));
      written += more;
      s.clock.at += random(2000);
      s.read(1 + random(3));
      if (random(2) === 0) {
        s.keep();
      }
      if (random(6) === 0) {
        s.kill();
      }
    }
    for (let step = 0; step < 8; step += 1) {
      s.clock.at += 3000;
      s.read();
    }
    assert.equal(s.counted, lines(0, written), `seed ${seed}`);
    s.end();
  }
});

test('a log that others rotate, cut or remove is read on from where it begins anew', () => {
  const s = scene(1e6);
  s.write(lines(0, 5));
  s.read();
  renameSync(s.path, `${s.path}.old`);
  writeFileSync(s.path, '');
  s.write(lines(5, 5));
  s.read();
  s.read();
  truncateSync(s.path, 0);
  s.read();
  s.write(lines(10, 5));
  s.read();
  rmSync(s.path);
  s.write(lines(15, 5));
  s.read();
  s.read();
  assert.equal(s.counted, lines(0, 20));
  s.end();
});

test('without a memory the log is read from its present end on; nobody else may read it', () => {
  const s = scene(200);
  s.write(lines(0, 5));
  s.open();
  s.read();
  s.write(lines(5, 30));
  s.read();
  s.clock.at += 5000;
  s.read();
  s.read();
  assert.equal(s.counted, lines(5, 30));
  assert.is(statSync(s.path).mode & 0o777, 0o600);
  s.end();
});

test('a state that cannot be read begins a new source', () => {
  const s = scene(1e6);
  s.write(lines(0, 3));
  s.read();
  assert.is(s.position().source, 'source-1');
  const state = join(s.path, '..', 'telemetry.json');
  for (const text of ['', '{"source":"x"', '{"source":"x","file":-1}', 'null', '[]']) {
    writeFileSync(state, text);
    assert.match(loadProgress(state, () => 'new').position.source, 'new');
  }
  s.end();
});

test('what grows faster than it can be read is given up by its bytes, so that the disk stays bounded', () => {
  const s = scene(1000);
  s.write(lines(0, 200_000));
  s.read(1);
  assert.ok(existsSync(`${s.path}.1`));
  s.write(lines(200_000, 500));
  s.read(1);
  assert.not(existsSync(`${s.path}.1`));
  assert.equal(s.lost.length, 1);
  s.read();
  assert.is(s.counted.at(-1), lines(200_499, 1)[0]);
  assert.is(s.counted.length * LINE + (s.lost[0] ?? 0), 200_500 * LINE);
  s.end();
});

test('a pipe in the place of a log does not hold us up', () => {
  const s = scene(1000);
  const pipe = `${s.path}.pipe`;
  execFileSync('mkfifo', [pipe]);
  assert.is(openLogFile(pipe), undefined);
  s.end();
});

test.run();
