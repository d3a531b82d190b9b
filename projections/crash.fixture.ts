// SPDX-License-Identifier: Apache-2.0
/** Runs the read models over a log that is the same in every process, into the store named by its arguments. */
import { eventLog, memoryLog } from '../event-log/index.js';
import { systemClock } from '../kernel/index.js';
import { sqliteReadStore } from '../read-store/sqlite/index.js';
import { fixedLog } from './crash.harness.js';
import { readModels } from './models.js';
import { startRunner } from './runner.harness.js';

const log = eventLog(memoryLog());
await fixedLog(log);
const store = sqliteReadStore({ path: process.argv[2] ?? '', clock: systemClock });
console.log('started');
const runner = startRunner(log, store, readModels, { batchSize: 7 });
const alive = setInterval(() => {}, 1_000);
const done = await runner.passed(await log.head(), 60_000);
console.log(done ? 'done' : 'not done');
await runner.stop();
await store.close();
clearInterval(alive);
