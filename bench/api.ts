// SPDX-License-Identifier: Apache-2.0
/**
 * The REST API of a real control plane against bare koa, ajv and SQLite in a process of its own, in turns, with 64
 * clients on connections that stay open. `POST` goes through everything (authentication, authorization, validation,
 * idempotency, durable append, read-your-writes); a list page is 20 of 10,000; 304 is the same resource not modified.
 * `node dist/bench/api.js [seconds] [rounds]`
 */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import autocannon from 'autocannon';
import { type ControlPlane, controlPlane } from '../test/harness/nxmesh.js';
import { freePort } from '../test/harness/ports.js';
import { start } from '../test/harness/process.js';
import { until } from '../test/harness/until.js';
import { median, perSecond, ratio } from './figures.js';

const SECONDS = Number(process.argv[2] ?? 5);
const ROUNDS = Number(process.argv[3] ?? 3);
const CLIENTS = 64;
const WORKSPACES = 8;
const LISTED = 10_000;

const folder = mkdtempSync(join(tmpdir(), 'nxmesh-bench-'));

const upstream = () => ({
  name: `u-${randomUUID()}`,
  algorithm: 'round_robin',
  servers: [{ address: '10.0.1.20:8080', weight: 1, backup: false, max_fails: 3, fail_timeout: 30 }],
});

type Request = autocannon.Request;

/** Requests a second that were answered as they should be; throws on any other answer. */
async function rate(url: string, requests: Request[], status: number): Promise<number> {
  const result = await autocannon({ url, connections: CLIENTS, duration: SECONDS, requests });
  const codes = result.statusCodeStats ?? {};
  const wrong = Object.keys(codes).filter((code) => Number(code) !== status);
  if (wrong.length > 0 || result.errors > 0) {
    throw new Error(`${url}: ${JSON.stringify(codes)}, ${result.errors} errors`);
  }
  return result.requests.total / result.duration;
}

const posts = (paths: readonly string[], headers: Record<string, string>): Request[] =>
  paths.map((path) => ({
    method: 'POST',
    path,
    headers: { 'content-type': 'application/json', ...headers },
    setupRequest: (request) => ({ ...request, body: JSON.stringify(upstream()) }),
  }));

async function workspaces(plane: ControlPlane, count: number): Promise<string[]> {
  const slug = `b-${randomUUID().slice(0, 8)}`;
  const { id } = await plane.api.ok('POST', '/v1/organizations', { name: 'Bench', slug });
  const made: string[] = [];
  for (let n = 0; n < count; n += 1) {
    const body = { name: `W${n}`, slug: `w${n}` };
    made.push((await plane.api.ok('POST', `/v1/organizations/${id}/workspaces`, body)).id);
  }
  return made;
}

async function token(plane: ControlPlane): Promise<string> {
  const body = { email: 'admin@example.com', password: 'correct horse battery' };
  const { access_token } = await plane.api.ok('POST', '/v1/auth/login', body);
  return `Bearer ${access_token}`;
}

const bareFile = join(folder, 'bare.db');
const barePort = await freePort();
const bare = start(process.execPath, [
  join(import.meta.dirname, 'api-bare.harness.js'),
  `${barePort}`,
  bareFile,
]);
await until('bare koa listens', () => bare.output().includes('listening'), 30_000);
const bareUrl = `http://127.0.0.1:${barePort}`;

const plane = await controlPlane(join(folder, 'control-plane'), {
  env: { NXMESH_RATE_LIMIT: '100000000', NXMESH_LOG_LEVEL: 'warn' },
});
try {
  const [listed = '', ...written] = await workspaces(plane, WORKSPACES + 1);
  const ours = { authorization: await token(plane) };
  let first: { id: string } | undefined;
  for (let n = 0; n < LISTED; n += 500) {
    const made = await Promise.all(
      Array.from({ length: 500 }, () =>
        plane.api.ok('POST', `/v1/workspaces/${listed}/upstreams`, upstream()),
      ),
    );
    first ??= made[0];
  }
  const one = await plane.api.request('GET', `/v1/upstreams/${first?.id}`);
  const tag = one.headers.get('etag') ?? '';

  const found: Record<string, number[]> = {};
  const note = (what: string, value: number): void => {
    found[what] = [...(found[what] ?? []), value];
  };
  for (let round = 0; round < ROUNDS; round += 1) {
    const barePosts = posts(['/workspaces/w/upstreams'], {});
    note('bare POST', await rate(bareUrl, barePosts, 201));
    const paths = written.map((id) => `/v1/workspaces/${id}/upstreams`);
    note('our POST', await rate(plane.url, posts(paths, ours), 201));
    note('bare GET', await rate(bareUrl, [{ path: '/workspaces/listed/upstreams?page=3' }], 200));
    const list = { path: `/v1/workspaces/${listed}/upstreams?page=3&per_page=20`, headers: ours };
    note('our GET', await rate(plane.url, [list], 200));
    const known = { path: `/v1/upstreams/${first?.id}`, headers: { ...ours, 'if-none-match': tag } };
    note('our 304', await rate(plane.url, [known], 304));
  }
  const of = (what: string): number => median(found[what] ?? []);
  console.table([
    {
      what: 'POST an upstream',
      ours: perSecond(of('our POST')),
      bare: perSecond(of('bare POST')),
      ratio: ratio(of('our POST'), of('bare POST')),
      goal: '0.50',
    },
    {
      what: 'GET a page of 20 among 10,000',
      ours: perSecond(of('our GET')),
      bare: perSecond(of('bare GET')),
      ratio: ratio(of('our GET'), of('bare GET')),
      goal: '0.50',
    },
    {
      what: '304 against our own list page',
      ours: perSecond(of('our 304')),
      bare: perSecond(of('our GET')),
      ratio: ratio(of('our 304'), of('our GET')),
      goal: '2.00',
    },
  ]);
} finally {
  await plane.process.end('SIGKILL');
  await bare.end('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
}
