// SPDX-License-Identifier: Apache-2.0
/** @slow 180 @alone: the demo is the main job on real processes and real nginx, and times itself against deadlines. */
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { start } from '../harness/process.js';

test('the demo ends with 0 and is plain when piped', async () => {
  const demo = start(process.execPath, [join(import.meta.dirname, '..', '..', 'demo', 'main.js')]);
  const code = await demo.exited;
  assert.is(code, 0, demo.output());
  assert.match(demo.output(), 'PORT_IN_USE');
  assert.match(demo.output(), 'Every step was as it should be.');
  assert.not.ok(demo.output().includes('\u001b['), 'colours in a pipe');
});

test.run();
