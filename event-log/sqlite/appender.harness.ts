// SPDX-License-Identifier: Apache-2.0
/**
 * A process that appends under load and says on its output what was acknowledged: `ready`, then a line
 * `stream revision position id` for each event, `refused <name> <message>` for each append that failed.
 * Arguments: path of the log, number of clients, appends for each (0: for ever).
 */
import { writeSync } from 'node:fs';
import { newStream, upstreamsCreated } from '../contract/subject.harness.js';
import { eventLog } from '../index.js';
import { LogNotOpened, sqliteLog } from './index.js';

const [path = '', clients = '1', each = '0'] = process.argv.slice(2);
const say = (line: string): void => {
  writeSync(1, `${line}\n`);
};

async function client(log: ReturnType<typeof eventLog>): Promise<void> {
  const stream = newStream();
  let head = -1n;
  for (let round = 0; each === '0' || round < Number(each); round += 1) {
    const events = upstreamsCreated(1 + (round % 3));
    try {
      const { revision, position } = await log.append(stream, head < 0n ? 'none' : head, events);
      for (const [index, event] of events.entries()) {
        const back = BigInt(events.length - 1 - index);
        say(`${stream} ${revision - back} ${position - back} ${event.id}`);
      }
      head = revision;
    } catch (error) {
      const { name, message } = error as Error;
      say(`refused ${name} ${message}`);
      return;
    }
  }
}

try {
  const log = eventLog(await sqliteLog(path));
  say('ready');
  await Promise.all(Array.from({ length: Number(clients) }, () => client(log)));
  say(`head ${await log.head()}`);
  await log.close();
  say('closed');
} catch (error) {
  say(error instanceof LogNotOpened ? `not opened ${error.reason}` : `failed ${String(error)}`);
}
