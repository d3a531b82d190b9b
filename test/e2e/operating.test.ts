// SPDX-License-Identifier: Apache-2.0
/** What whoever operates NxMesh looks at: the status in both dialects, the measures, and probes that tell the truth. */
import { execFileSync } from 'node:child_process';
import { appendFileSync, rmSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { folder } from '../harness/folder.js';
import { BIN, type ControlPlane, controlPlane } from '../harness/nxmesh.js';
import { until } from '../harness/until.js';

const test = suite('operating');
const data = folder('operating');

/** A small file system of its own; false where this process may not mount one. */
function mounted(): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', data.path], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const small = mounted();
let plane: ControlPlane;

test.before(async () => {
  plane = await controlPlane(data.path);
});

test.after(async () => {
  await plane.process.end();
  if (small) {
    execFileSync('umount', ['-l', data.path]);
  }
  data.remove();
});

function get(path: string, headers: Record<string, string> = {}): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(`${plane.url}${path}`, { headers, agent: false }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    });
    request.on('error', reject);
    request.end();
  });
}

test('the status is for who is signed in, in both dialects', async () => {
  assert.is((await get('/v1/status')).status, 401);
  const status = await plane.api.ok('GET', '/v1/status');
  assert.equal(status.components, {
    event_log: 'healthy',
    read_store: 'healthy',
    projections: 'healthy',
    agent_gateway: 'healthy',
    event_bus: 'healthy',
  });
  assert.is(status.status, 'healthy');
  assert.type(status.uptime, 'number');
  const platform = await plane.api.ok('GET', '/api/v1/status');
  assert.is(platform.success, true);
  assert.equal(platform.data.components, status.components);
  assert.is(platform.data.version, status.version);
});

test('signing in is there in the dialect of the platform', async () => {
  const answer = await plane.api.request('POST', '/api/v1/auth/login', {
    email: 'admin@example.com',
    password: 'not the one',
  });
  assert.is(answer.status, 401);
  assert.is(answer.body.error.code, 'AUTHENTICATION_FAILED');
});

test('measures: requests by operation and status, durations, the log, read models, agents', async () => {
  await plane.api.ok('GET', '/v1/organizations');
  const { status, text } = await get('/metrics');
  assert.is(status, 200);
  for (const line of [
    /^nxmesh_http_requests_total\{operation="listOrganizations",status="200"\} 1$/m,
    /^nxmesh_http_request_duration_seconds_bucket\{le="\+Inf",operation="listOrganizations"\} 1$/m,
    /^nxmesh_log_head_position [1-9]\d*$/m,
    /^nxmesh_log_scrubbed_position \d+$/m,
    /^nxmesh_log_damaged 0$/m,
    /^nxmesh_projection_lag_positions\{projection="agents"\} 0$/m,
    /^nxmesh_agents_known_count\{state="online"\} 0$/m,
    /^nxmesh_nodejs_eventloop_lag_seconds /m,
    /^nxmesh_process_uptime_seconds /m,
  ]) {
    assert.match(text, line);
  }
  const names = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  assert.ok(names.every((line) => line.startsWith('nxmesh_')));
});

test('measures are open to this machine alone, not to a proxy on it nor to a page led here', async () => {
  assert.is((await get('/metrics', { 'x-forwarded-for': '192.0.2.1' })).status, 401);
  assert.is((await get('/metrics', { via: '1.1 proxy' })).status, 401);
  assert.is((await get('/metrics', { host: 'evil.test' })).status, 401);
  assert.is((await get('/metrics', { host: 'localhost:80' })).status, 200);
});

test('a trace that a caller brings leads from its request to the event', async () => {
  const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
  const headers = { traceparent: `00-${trace}-00f067aa0ba902b7-01` };
  const body = { name: 'Traced', slug: 'traced' };
  const made = await plane.api.request('POST', '/v1/organizations', body, headers);
  assert.is(made.status, 201);
  assert.match(made.headers.get('traceparent') ?? '', trace);
  const tail = execFileSync(BIN, ['log', 'tail', data.path, '-n', '3'], { encoding: 'utf8' });
  assert.match(tail, `"correlation_id":"${trace}"`);
});

/** Writes until there is no room: what was free a moment ago, the program may have taken since. */
const fill = (path: string): void => {
  const chunk = Buffer.alloc(64 * 1024);
  try {
    for (;;) {
      appendFileSync(path, chunk);
    }
  } catch (error) {
    assert.is((error as NodeJS.ErrnoException).code, 'ENOSPC');
  }
};

const diskTest = small ? test : test.skip;
if (!small) {
  console.log('skipped: a small file system cannot be mounted here');
}

diskTest('a log that takes no writes is not ready, and says so; with room again it is', async () => {
  assert.is((await get('/readyz')).status, 200);
  let count = 0;
  const create = () => {
    count += 1;
    return plane.api.request('POST', '/v1/organizations', { name: 'x'.repeat(100), slug: `disk-${count}` });
  };
  // What it makes once (the caller's own keys) is made before there is no room.
  assert.is((await create()).status, 201);
  const filler = join(data.path, 'filler');
  fill(filler);
  // The read models find no room either, so that each answer waits for them: many at once.
  const many = () => Promise.all(Array.from({ length: 30 }, create));
  await until('a write is refused', async () => (await many()).some(({ status }) => status === 503), 30_000);
  const refused = await get('/readyz');
  assert.is(refused.status, 503);
  assert.match(refused.text, 'the event log takes no writes');
  const sick = await plane.api.ok('GET', '/v1/status');
  assert.is(sick.components.event_log, 'unhealthy');
  assert.is(sick.status, 'unhealthy');
  assert.is((await get('/livez')).status, 200);
  rmSync(filler);
  await until('a write is taken again', async () => (await create()).status === 201);
  await until('it is ready again', async () => (await get('/readyz')).status === 200);
});

test.run();
