// SPDX-License-Identifier: Apache-2.0
import { logContract } from '../contract/index.contract.js';
import { type EventLog, eventLog } from '../index.js';
import { newLogPath } from './folder.harness.js';
import { sqliteLog } from './index.js';

const paths = new WeakMap<EventLog, string>();

async function openAt(path: string): Promise<EventLog> {
  const log = eventLog(await sqliteLog(path));
  paths.set(log, path);
  return log;
}

logContract({
  name: 'sqlite',
  open: () => openAt(newLogPath()),
  reopen: async (log) => {
    await log.close();
    return openAt(paths.get(log) ?? '');
  },
});
