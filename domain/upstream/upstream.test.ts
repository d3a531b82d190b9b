// SPDX-License-Identifier: Apache-2.0
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Fact } from '../../schemas/index.js';
import { spec } from '../given.harness.js';
import { type WorkspaceCommand, workspace } from '../workspace/index.js';
import { AT, created, hostFact, id, upstreamFact, upstreamOf } from '../workspace/workspace.fixture.js';

const given = spec(workspace);
const create = (body: object): WorkspaceCommand =>
  ({
    type: 'create-upstream',
    id: id(1),
    body: { name: 'web-backend', servers: [{ address: '10.0.1.30:8080' }], ...body },
    at: AT,
  }) as WorkspaceCommand;

test('fills in what was left out with the defaults of nginx', () => {
  const [fact] = given(created)
    .when(create({ algorithm: 'least_connections' }))
    .facts();
  assert.equal(fact?.type, 'upstream.created');
  assert.equal(fact?.type === 'upstream.created' && fact.data.upstream.servers, [
    { address: '10.0.1.30:8080', weight: 1, backup: false, down: false, max_fails: 1, fail_timeout: 10 },
  ]);
});

test('keeps a backup server', () => {
  const servers = [
    { address: '10.0.1.30:8080', weight: 2 },
    { address: '10.0.1.32:8080', backup: true },
  ];
  const [fact] = given(created).when(create({ servers })).facts();
  assert.equal(fact?.type === 'upstream.created' && fact.data.upstream.servers.map((one) => one.backup), [
    false,
    true,
  ]);
});

const refusals: [string, object, string[]][] = [
  ['an empty upstream', { servers: [] }, ['servers']],
  ['only backup servers', { servers: [{ address: '10.0.0.1:80', backup: true }] }, ['servers']],
  [
    'ip_hash with a backup',
    { algorithm: 'ip_hash', servers: [{ address: '10.0.0.1:80' }, { address: '10.0.0.2:80', backup: true }] },
    ['servers[1].backup'],
  ],
  ['a metadata address', { servers: [{ address: '169.254.169.254:80' }] }, ['servers[0].address']],
  ['an address in hexadecimal', { servers: [{ address: '0x7f.1:80' }] }, ['servers[0].address']],
  ['port 0', { servers: [{ address: '10.0.0.1:0' }] }, ['servers[0].address']],
  [
    'a probe longer than its interval',
    { health_check: { interval: 5, timeout: 6 } },
    ['health_check.timeout'],
  ],
];
for (const [name, body, fields] of refusals) {
  test(`refuses ${name}`, () => {
    given(created)
      .when(create(body))
      .thenRefused('VALIDATION_ERROR', ...fields);
  });
}

test('a probe may take as long as its interval', () => {
  const when = given(created).when(create({ health_check: { interval: 5, timeout: 5 } }));
  assert.is(when.facts().length, 1);
});

test('refuses a name that is taken', () => {
  given(created, upstreamFact(2, { name: 'web-backend' }))
    .when(create({}))
    .thenRefused('CONFLICT', 'name');
});

test('a change carries the whole upstream and the names of what changed', () => {
  const before = upstreamFact(1, { servers: [{ address: '10.0.1.30:8080' }, { address: '10.0.1.31:8080' }] });
  const later = '2026-01-16T00:00:00.000Z';
  const body = { servers: [{ address: '10.0.1.30:8080', weight: 3, backup: false }] };
  given(created, before)
    .when({ type: 'update-upstream', id: id(1), body, at: later })
    .thenFacts({
      type: 'upstream.updated',
      data: {
        upstream: {
          ...upstreamOf(before),
          servers: [
            {
              address: '10.0.1.30:8080',
              weight: 3,
              backup: false,
              down: false,
              max_fails: 1,
              fail_timeout: 10,
            },
          ],
          updated_at: later,
        },
        changed: ['servers'],
      },
    });
});

test('a change that changes nothing is no event', () => {
  given(created, upstreamFact(1))
    .when({ type: 'update-upstream', id: id(1), body: { algorithm: 'round_robin' }, at: AT })
    .thenFacts();
});

test('an upstream in use is not deleted, and the refusal names the user', () => {
  const upstream = upstreamFact(1);
  const host = hostFact(3, { name: 'Shop', locations: [{ path: '/', upstream_id: id(1) }] }, upstream);
  const refusal = given(created, upstream, host)
    .when({ type: 'delete-upstream', id: id(1), at: AT })
    .thenRefused('CONFLICT', 'id');
  assert.match(refusal.details[0]?.message ?? '', 'virtual host Shop');
});

test('an unknown upstream is not found', () => {
  given(created)
    .when({ type: 'delete-upstream', id: id(1), at: AT })
    .thenRefused('NOT_FOUND');
});

const two = upstreamFact(1, {
  algorithm: 'least_connections',
  servers: [{ address: '10.0.0.1:80', weight: 5 }, { address: 'App.internal:80' }],
  keepalive_connections: 8,
  health_check: { enabled: true, interval: 20 },
});
const command = (type: string, more: object): WorkspaceCommand =>
  ({ type, id: id(1), at: AT, ...more }) as WorkspaceCommand;
const after = (type: string, more: object) => {
  const [fact] = given(created, two).when(command(type, more)).facts();
  return fact?.type === 'upstream.updated' ? fact.data : undefined;
};

test('null takes a field away, so that it has its default again', () => {
  const changed = after('update-upstream', {
    body: { algorithm: null, keepalive_connections: null, health_check: { interval: null } },
  })?.upstream;
  assert.equal(changed, {
    ...upstreamOf(two),
    algorithm: 'round_robin',
    keepalive_connections: 0,
    health_check: { ...upstreamOf(two).health_check, interval: 10 },
  });
  assert.is(after('update-upstream', { body: { health_check: null } })?.upstream.health_check.enabled, false);
});

test('one server is added, changed and taken away, and the others stay', () => {
  const [first, second] = upstreamOf(two).servers;
  const added = after('add-upstream-server', { body: { address: '[::1]:80' } });
  assert.equal(added?.changed, ['servers']);
  assert.equal(added?.upstream.servers.slice(0, 2), [first, second]);
  assert.equal([added?.upstream.servers[2]?.address, added?.upstream.servers[2]?.weight], ['[::1]:80', 1]);
  const servers = (type: string, more: object) => after(type, more)?.upstream.servers;
  assert.equal(servers('remove-upstream-server', { address: 'app.INTERNAL:80' }), [first]);
  assert.equal(
    servers('update-upstream-server', { address: '10.0.0.1:80', body: { weight: null, down: true } }),
    [{ ...first, weight: 1, down: true }, second],
  );
  assert.equal(
    servers('update-upstream-server', { address: '10.0.0.1:80', body: { address: '10.0.0.2:80' } }),
    [{ ...first, address: '10.0.0.2:80' }, second],
  );
});

test('what is wrong with one server is told by its own fields', () => {
  const when = (type: string, more: object, ...past: readonly Fact[]) =>
    given(created, two, ...(past as never[])).when(command(type, more));
  const onlyBackup = { body: { backup: true } };
  when('update-upstream-server', {
    address: '10.0.0.1:80',
    body: { address: '169.254.169.254:80' },
  }).thenRefused('VALIDATION_ERROR', 'address');
  when('add-upstream-server', { body: { address: 'app.internal:80' } }).thenRefused('CONFLICT', 'address');
  when('update-upstream-server', {
    address: '10.0.0.1:80',
    body: { address: 'app.internal:80' },
  }).thenRefused('CONFLICT', 'address');
  for (const type of ['update-upstream-server', 'remove-upstream-server']) {
    when(type, { address: '10.9.9.9:80', ...onlyBackup }).thenRefused('NOT_FOUND');
  }
  const one = upstreamFact(1);
  given(created, one)
    .when(command('remove-upstream-server', { address: '10.0.1.20:8080' }))
    .thenRefused('VALIDATION_ERROR', 'servers');
  const twins = upstreamFact(1, { servers: [{ address: '10.0.0.1:80' }, { address: '10.0.0.1:80' }] });
  given(created, twins)
    .when(command('update-upstream-server', { address: '10.0.0.1:80', body: { weight: 2 } }))
    .thenRefused('CONFLICT', 'address');
  const full = upstreamFact(1, {
    servers: Array.from({ length: 256 }, (_, index) => ({ address: `10.0.0.1:${index + 1}` })),
  });
  given(created, full)
    .when(command('add-upstream-server', { body: { address: '10.0.0.2:80' } }))
    .thenRefused('VALIDATION_ERROR', 'servers');
});

test.run();
