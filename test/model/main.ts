// SPDX-License-Identifier: Apache-2.0
/**
 * Random operations on the REST API of a real control plane, with a plain model beside it:
 * `node dist/test/model/main.js [operations] [seed] [runs]`. Each run has the next seed and a folder of its own. Ends with 1 at
 * the first answer that is not the model's, and names the seed.
 */
import { runModel } from './run.js';

const [count = 300, seed = 1, runs = 1] = process.argv.slice(2).map(Number);
for (let run = seed; run < seed + runs; run += 1) {
  try {
    const started = performance.now();
    const { tried, ...found } = await runModel(run, count, { kills: Math.ceil(count / 100), moments: 10 });
    console.log({ seed: run, ...found, seconds: Math.round((performance.now() - started) / 1000), tried });
  } catch (error) {
    console.error(`seed ${run}, ${count} operations:`, error);
    process.exitCode = 1;
    break;
  }
}
