// SPDX-License-Identifier: Apache-2.0
/**
 * Random bodies against every route: `node dist/test/fuzz/main.js [bodies] [seed]`. Prints what came of them, and how long
 * the event loop stood still at most while server and client shared it. Ends with 1 when one was our fault.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { fuzzBodies } from './run.js';

const total = Number(process.argv[2] ?? 100_000);
const seed = Number(process.argv[3] ?? 1);
/** About as many routes take a body. */
const ROUTES = 40;
const delay = monitorEventLoopDelay({ resolution: 1 });
delay.enable();
const { faults, leftEvents, ...found } = await fuzzBodies(Math.ceil(total / ROUTES), seed);
delay.disable();
for (const fault of [...faults, ...leftEvents].slice(0, 20)) {
  console.error(fault);
}
console.log({
  ...found,
  seed,
  faults: faults.length,
  leftEvents: leftEvents.length,
  loopMs: { p99: delay.percentile(99) / 1e6, p9999: delay.percentile(99.99) / 1e6, max: delay.max / 1e6 },
});
process.exitCode = faults.length + leftEvents.length > 0 ? 1 : 0;
