// SPDX-License-Identifier: Apache-2.0
/**
 * Random bodies against every route: `node dist/test/fuzz/main.js [bodies] [seed]`. Prints what came of them; ends with 1
 * when one was our fault.
 */
import { fuzzBodies } from './run.js';

const total = Number(process.argv[2] ?? 100_000);
const seed = Number(process.argv[3] ?? 1);
const { faults, leftEvents, ...found } = await fuzzBodies(total, seed);
for (const fault of [...faults, ...leftEvents].slice(0, 20)) {
  console.error(fault);
}
console.log({ seed, ...found, faults: faults.length, leftEvents: leftEvents.length });
process.exitCode = faults.length + leftEvents.length > 0 ? 1 : 0;
