// SPDX-License-Identifier: Apache-2.0
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { spec } from '../given.harness.js';
import { type WorkspaceCommand, workspace } from '../workspace/index.js';
import { AT, created, hostFact, hostOf, id, upstreamFact } from '../workspace/workspace.fixture.js';

const given = spec(workspace);
const upstream = upstreamFact(2);

const command = (type: string, more: object): WorkspaceCommand =>
  ({ type, id: id(1), at: AT, ...more }) as WorkspaceCommand;
const withPaths = hostFact(
  1,
  {
    locations: [
      { path: '/', upstream_id: id(2) },
      { path: '/old', upstream_id: id(2), custom_headers: [{ name: 'X-A', value: 'b' }] },
    ],
  },
  upstream,
);
const locationsAfter = (type: string, more: object) => {
  const [fact] = given(created, upstream, withPaths).when(command(type, more)).facts();
  assert.equal(fact?.type === 'virtual_host.updated' && fact.data.changed, ['locations']);
  return fact?.type === 'virtual_host.updated' ? fact.data.virtual_host.locations : [];
};

test('one location is added, changed and taken away, and the others stay', () => {
  const [first, second] = hostOf(withPaths).locations;
  const added = locationsAfter('add-location', { body: { path: '/new', proxy_pass: 'http://10.0.0.1' } });
  assert.equal(added.slice(0, 2), [first, second]);
  assert.equal([added[2]?.path, added[2]?.custom_headers], ['/new', []]);
  assert.equal(locationsAfter('remove-location', { path: '/old' }), [first]);
  assert.equal(locationsAfter('update-location', { path: '/old', body: { path: '/moved', index: null } }), [
    first,
    { ...second, path: '/moved' },
  ]);
  assert.equal(
    locationsAfter('update-location', {
      path: '/old',
      body: { upstream_id: null, proxy_pass: 'http://10.0.0.1', custom_headers: null },
    }),
    [first, { ...second, upstream_id: null, proxy_pass: 'http://10.0.0.1', custom_headers: [] }],
  );
});

test('what is wrong with one location is told by its own fields', () => {
  const when = (type: string, more: object) => given(created, upstream, withPaths).when(command(type, more));
  const body = { proxy_pass: 'http://10.0.0.1' };
  when('update-location', { path: '/old', body }).thenRefused('VALIDATION_ERROR', 'upstream_id');
  when('add-location', { body: { path: '/x', upstream_id: id(77) } }).thenRefused(
    'VALIDATION_ERROR',
    'upstream_id',
  );
  when('update-location', { path: '/old', body: { upstream_id: null } }).thenRefused('VALIDATION_ERROR', '');
  when('add-location', { body: { ...body, path: '/' } }).thenRefused('CONFLICT', 'path');
  when('update-location', { path: '/old', body: { path: '/' } }).thenRefused('CONFLICT', 'path');
  for (const type of ['update-location', 'remove-location']) {
    when(type, { path: '/none', body }).thenRefused('NOT_FOUND');
  }
});

test.run();
