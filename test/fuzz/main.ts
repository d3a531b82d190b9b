// SPDX-License-Identifier: Apache-2.0
/**
 * Random bodies against every route: `node dist/test/fuzz/main.js [bodies] [seed]`. Prints what came of them; ends with 1
 * when one was our fault, or when the server worked or waited for the disk for more than 50 ms in one go. The client is in the same process and
 * counts as the server; the collection of garbage, and the time that other processes had, are shown and do not count.
 */
import { fuzzBodies } from './run.js';
import { blockedMs } from './stalls.js';

const total = Number(process.argv[2] ?? 100_000);
const seed = Number(process.argv[3] ?? 1);
const { faults, leftEvents, stalls, ...found } = await fuzzBodies(total, seed);
for (const fault of [...faults, ...leftEvents].slice(0, 20)) {
  console.error(fault);
}
const blocking = stalls.filter((one) => blockedMs(one) > 50);
for (const one of stalls.slice(0, 20)) {
  const [ms, queued, collected] = [one.ms, one.queuedMs, one.collectedMs].map(Math.round);
  console.error(
    `stood still for ${ms} ms, ${queued} of them for want of a processor, ${collected} for the collector: ${one.requests.join(' ')}`,
  );
}
const counts = {
  faults: faults.length,
  leftEvents: leftEvents.length,
  stalls: stalls.length,
  blocking: blocking.length,
};
console.log({ seed, ...found, ...counts });
process.exitCode = faults.length + leftEvents.length + blocking.length > 0 ? 1 : 0;
