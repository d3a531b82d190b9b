// SPDX-License-Identifier: Apache-2.0
/**
 * What the REST API is measured against, as a process of its own: bare koa with ajv. `POST /upstreams` writes one row in
 * a group commit with `synchronous=FULL`; `GET /upstreams` asks SQLite for a page of 20 among 10,000 and their count.
 * `node dist/bench/api-bare.harness.js <port> <file>`
 */
import { randomUUID } from 'node:crypto';
import Router from '@koa/router';
import { DatabaseSync } from '@photostructure/sqlite';
import { Ajv2020 } from 'ajv/dist/2020.js';
import Koa, { type Context } from 'koa';
import { CreateUpstream } from '../schemas/index.js';

const [port = '0', file = ''] = process.argv.slice(2);
const ROWS = 10_000;

const db = new DatabaseSync(file);
db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
  CREATE TABLE upstreams (id TEXT PRIMARY KEY, workspace_id TEXT NOT NULL, name TEXT NOT NULL, doc TEXT NOT NULL);
  CREATE INDEX by_name ON upstreams (workspace_id, name)`);
const insert = db.prepare('INSERT INTO upstreams VALUES (?, ?, ?, ?)');
const page = db.prepare(
  'SELECT doc FROM upstreams WHERE workspace_id = ? ORDER BY name, id LIMIT 20 OFFSET ?',
);
const count = db.prepare('SELECT count(*) AS total FROM upstreams WHERE workspace_id = ?');

let waiting: (() => void)[] = [];
function commit(): void {
  const group = waiting;
  waiting = [];
  db.exec('COMMIT');
  for (const done of group) {
    done();
  }
}

function write(workspace: string, body: { readonly name: string }): Promise<{ id: string }> {
  if (waiting.length === 0) {
    db.exec('BEGIN IMMEDIATE');
    setImmediate(commit);
  }
  const doc = { id: randomUUID(), workspace_id: workspace, ...body, created_at: new Date().toISOString() };
  insert.run(doc.id, workspace, body.name, JSON.stringify(doc));
  return new Promise((resolve) => waiting.push(() => resolve(doc)));
}

const check = new Ajv2020().compile<{ name: string }>(CreateUpstream);

async function readBody(ctx: Context): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of ctx.req) {
    chunks.push(chunk as Buffer);
  }
  return JSON.parse(Buffer.concat(chunks).toString());
}

const answer = (ctx: Context, status: number, body: unknown): void => {
  ctx.status = status;
  ctx.type = 'application/json';
  ctx.body = JSON.stringify(body);
};

const router = new Router();
router.post('/workspaces/:id/upstreams', async (ctx) => {
  const body = await readBody(ctx);
  if (check(body)) {
    answer(ctx, 201, await write(String(ctx.params.id), body));
  } else {
    answer(ctx, 422, check.errors);
  }
});
router.get('/workspaces/:id/upstreams', (ctx) => {
  const id = String(ctx.params.id);
  const at = Number(ctx.query.page ?? 1);
  const rows = page.all(id, (at - 1) * 20) as unknown as { doc: string }[];
  const { total } = count.get(id) as unknown as { total: number };
  answer(ctx, 200, { data: rows.map(({ doc }) => JSON.parse(doc)), meta: { page: at, per_page: 20, total } });
});

const servers = [{ address: '10.0.1.20:8080', weight: 1, backup: false, max_fails: 3, fail_timeout: 30 }];
db.exec('BEGIN');
for (let n = 0; n < ROWS; n += 1) {
  const name = `upstream-${n}`;
  const doc = { id: randomUUID(), workspace_id: 'listed', name, algorithm: 'round_robin', servers };
  insert.run(doc.id, 'listed', name, JSON.stringify(doc));
}
db.exec('COMMIT');
const app = new Koa();
app.use(router.routes());
app.listen(Number(port), '127.0.0.1', () => process.stdout.write('listening\n'));
