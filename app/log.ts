// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { Command } from 'commander';
import type { EventLog } from '../event-log/index.js';
import { systemTimers } from '../kernel/index.js';
import { BadSetting } from './bad-setting.js';
import { fileIn, newFileIn } from './data-place.js';
import { wholeNumber } from './options.js';
import { progressLine } from './progress-line.js';

const EVENTS = 'events.db';

/** A data folder stands for its log. */
function logFile(path: string): string {
  const file = fileIn(path, EVENTS);
  if (!existsSync(file)) {
    throw new BadSetting(`${file}: there is no log`);
  }
  return file;
}

/** Writes as fast as the reader takes it; a reader that has gone (`| head`) ends it. */
async function print(lines: AsyncIterable<string>): Promise<void> {
  process.stdout.on('error', () => process.exit(0));
  for await (const line of lines) {
    if (!process.stdout.write(line)) {
      await once(process.stdout, 'drain');
    }
  }
}

const verify = new Command('verify')
  .argument('<log>', 'events.db or the data folder')
  .description('check every byte and the hash chain; names what is damaged and ends with 1')
  .action(async (path: string) => {
    const { verifyLog } = await import('../event-log/sqlite/verify.js');
    const found = await verifyLog(logFile(path));
    console.log(JSON.stringify(found, null, 2));
    process.exitCode = found.ok ? 0 : 1;
  });

const tail = new Command('tail')
  .argument('<log>', 'events.db or the data folder')
  .description('print the newest events, one a line')
  .option('-n, --count <number>', 'how many', wholeNumber, 10)
  .option('-f, --follow', 'go on with what is appended')
  .action(async (path: string, { count, follow }: { count: number; follow?: true }) => {
    const { tailLog } = await import('../event-log/sqlite/export.js');
    const ending = new AbortController();
    process.once('SIGINT', () => ending.abort());
    const following = follow ? { follow: { timers: systemTimers, signal: ending.signal } } : {};
    await print(tailLog(logFile(path), { count, ...following }));
  });

const exporting = new Command('export')
  .argument('<log>', 'events.db or the data folder')
  .description('print every event with the hash that chains it to the one before, one a line')
  .action(async (path: string) => {
    const { exportLog } = await import('../event-log/sqlite/export.js');
    await print(exportLog(logFile(path)));
  });

const copy = new Command('copy')
  .argument('<from>', 'events.db, the data folder, or esdb://…')
  .argument('<to>', 'the same; what is there already is compared and not copied again')
  .description('copy a log into another and compare the two; may be stopped and started again')
  .action(async (from: string, to: string) => {
    const { copyLog } = await import('../event-log/copy.js');
    const [source, target] = [await openAny(from, true), await openAny(to, false)];
    const ending = new AbortController();
    process.once('SIGINT', () => ending.abort(new BadSetting('stopped; start it again to go on')));
    const line = progressLine('events');
    const report = await copyLog(source, target, { signal: ending.signal, progress: line.show });
    line.end();
    console.log(JSON.stringify(report));
    process.stderr.write("Secrets stand outside the log; 'nxmesh vault copy' takes them along.\n");
    await Promise.all([source.close(), target.close()]);
  });

/** A log by its file or its server. It is opened as its one writer, so that nobody else can change it meanwhile. */
async function openAny(place: string, mustExist: boolean): Promise<EventLog> {
  const { eventLog } = await import('../event-log/index.js');
  if (place.startsWith('esdb')) {
    const { eventStoreDbLog } = await import('../event-log/eventstoredb/index.js');
    return eventLog(await eventStoreDbLog({ connectionString: place }));
  }
  const { sqliteLog } = await import('../event-log/sqlite/index.js');
  return eventLog(await sqliteLog(mustExist ? logFile(place) : newFileIn(place, EVENTS)));
}

/** `nxmesh log …`. All but `copy` look at an embedded log, also while it is in use, and change nothing. */
export const logCommand = (): Command =>
  new Command('log')
    .description('verify, follow, export or copy an event log')
    .addCommand(verify)
    .addCommand(tail)
    .addCommand(exporting)
    .addCommand(copy);
