// SPDX-License-Identifier: Apache-2.0
/**
 * The export of an audit of 1,000,000 records over HTTP from SQLite, taken by curl: how much the process that serves it
 * grows, how fast it goes, and how fast `nxmesh audit verify` checks what came out.
 * `node dist/bench/audit-export.js [records]`
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventLog, memoryLog } from '../event-log/index.js';
import { startApp } from '../http/http.harness.js';
import { systemClock, uuidv5 } from '../kernel/index.js';
import {
  type ChainDoc,
  type Chained,
  configFolds,
  linked,
  past,
  reader,
  readModels,
  recordId,
} from '../projections/index.js';
import { auditDeps } from '../read-api/audit.harness.js';
import { agentHealth, queryRoutes } from '../read-api/index.js';
import { collectionName, type Op } from '../read-store/index.js';
import { sqliteReadStore } from '../read-store/sqlite/index.js';
import { logReader, metricsReader } from '../telemetry/index.js';
import { BIN } from '../test/harness/nxmesh.js';
import { perSecond } from './figures.js';

const COUNT = Number(process.argv[2] ?? 1_000_000);
const GOAL_MB = 100;
const BATCH = 5_000;
const chain = uuidv5('bench', 'organization');
const folder = mkdtempSync(join(tmpdir(), 'nxmesh-bench-'));
const store = sqliteReadStore({ path: join(folder, 'read.db'), clock: systemClock });

for (const { name, version, collections } of readModels) {
  await store.define(collections.map((one) => ({ ...one, name: collectionName(name, version, one.name) })));
  await store.setPointer(name, version);
}

const put = (collection: string, doc: object): Op => ({
  kind: 'put',
  collection: collectionName('records', 1, collection),
  doc: doc as Extract<Op, { kind: 'put' }>['doc'],
});

let head: ChainDoc | undefined;
for (let first = 1; first <= COUNT; first += BATCH) {
  const ops: Op[] = [];
  for (let number = first; number < first + BATCH && number <= COUNT; number += 1) {
    const one: Chained = {
      id: recordId(BigInt(number)),
      event_id: uuidv5('event', number),
      organization_id: chain,
      workspace_id: chain,
      position: String(number),
      revision: String(number),
      at: new Date(Date.UTC(2026, 0, 1) + number).toISOString(),
      actor: 'user:ann',
      address_sealed: 'sealed:10.0.0.1',
      type: 'upstream.updated',
      action: 'updated',
      resource_kind: 'upstream',
      resource_id: uuidv5('upstream', number % 100),
      resource_name: `upstream-${number % 100}`,
      changed: ['servers'],
      state: 'set',
      after: { name: `upstream-${number % 100}`, servers: [{ address: '10.0.0.1:8080', weight: number }] },
      previous: number > 100 ? recordId(BigInt(number - 100)) : null,
      details: {},
      command_id: uuidv5('command', number),
      request_id: `req-${number}`,
    };
    const doc = linked(one, chain, head);
    head = { id: chain, number: doc.chain_number, hash: doc.chain_hash, newest: doc.id };
    ops.push(put('records', doc));
  }
  await store.write([...ops, put('chains', head ?? {})]);
}

const none = { log: eventLog(memoryLog()), clock: systemClock };
const routes = queryRoutes({
  reader: reader(store, readModels),
  passed: async () => true,
  health: agentHealth(store),
  metrics: metricsReader(store),
  accessLogs: logReader(store, async () => {}),
  clock: systemClock,
  addressOf: async () => undefined,
  invitedAddress: async () => undefined,
  past: past({ ...none, configs: configFolds(none) }),
  audit: auditDeps(),
});
const app = await startApp(routes, { checkAnswers: false });
const { token } = await app.user({ [chain]: 'owner' });
const mb = (): number => process.memoryUsage.rss() / 1024 / 1024;
const before = mb();
let most = before;
const watch = setInterval(() => {
  most = Math.max(most, mb());
}, 50);
const file = join(folder, 'export.ndjson');
const started = performance.now();
const url = `${app.server.url}/v1/audit/export?organization_id=${chain}`;
const curl = spawn('curl', ['-sS', '--fail', '-H', `Authorization: Bearer ${token}`, url]);
curl.stdout.pipe(createWriteStream(file));
await once(curl, 'close');
const seconds = (performance.now() - started) / 1000;
clearInterval(watch);
const checked = performance.now();
const verifying = spawn(BIN, ['audit', 'verify', file], { stdio: ['ignore', 'pipe', 'ignore'] });
let verdict = '';
verifying.stdout.on('data', (chunk: Buffer) => {
  verdict += chunk.toString();
});
await once(verifying, 'close');
const verifySeconds = (performance.now() - checked) / 1000;
console.table({
  records: COUNT.toLocaleString('en'),
  megabytes: Math.round(statSync(file).size / 1e6),
  exported: perSecond(COUNT / seconds),
  'RSS grew by MB': Math.round(most - before),
  'goal MB': GOAL_MB,
  verified: perSecond(COUNT / verifySeconds),
  verdict: JSON.parse(verdict).ok,
});
await app.close();
await store.close();
rmSync(folder, { recursive: true, force: true });
