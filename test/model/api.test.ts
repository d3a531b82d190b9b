// SPDX-License-Identifier: Apache-2.0
/** @slow 300: random operations with a plain model beside them; `node dist/test/model/main.js` does many more. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { runModel } from './run.js';

test('what the API shows, then and now, is what a plain model foretells', async () => {
  const { operations, events } = await runModel(3, 30, { moments: 2 });
  // It says nothing if nearly everything was refused.
  assert.ok(operations === 30 && events > 10, `${events} events`);
});

test.run();
