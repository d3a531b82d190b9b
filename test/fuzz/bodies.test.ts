// SPDX-License-Identifier: Apache-2.0
/** @slow 300: random bodies made from the schemas of every route; `node dist/test/fuzz/main.js` sends many more. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fuzzBodies } from './run.js';

test('no body is our fault, and one that is refused leaves no event', async () => {
  const { sent, byStatus, faults, leftEvents } = await fuzzBodies(1_000, 20261121);
  assert.equal(faults, []);
  assert.equal(leftEvents, []);
  assert.ok(sent > 500, `only ${sent}`);
  // Else the bodies are too wrong to get anywhere.
  assert.ok(
    (byStatus['422'] ?? 0) > 100 && Object.keys(byStatus).some((one) => one < '300'),
    JSON.stringify(byStatus),
  );
});

test.run();
