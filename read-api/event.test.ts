// SPDX-License-Identifier: Apache-2.0
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { AT, idOf, type ReadApi, startReadApi } from './read-api.harness.js';

let api: ReadApi;

test.before(async () => {
  api = await startReadApi();
  const emitted = async (n: number, organization: string, workspace: string | null): Promise<void> => {
    await api.put('custom_events', {
      id: idOf(`event-${organization}-${n}`),
      organization_id: idOf(organization),
      workspace_id: workspace && idOf(workspace),
      type: n % 2 === 0 ? 'order.paid' : 'user.registered',
      data: JSON.stringify({ n, 'a.b': 1, $where: 1 }),
      emitted_at: AT.replace('10:00:00', `10:00:${String(n).padStart(2, '0')}`),
      _revision: '0',
      _position: String(n),
      _canary: 'canary',
    });
  };
  for (let n = 0; n < 30; n++) {
    await emitted(n, 'acme', ['production', 'staging', null][n % 3] ?? null);
  }
  await emitted(0, 'rival', 'lab');
});
test.after(() => api.close());

const numbers = (answer: { json: { data: { data: { n: number } }[] } }): number[] =>
  answer.json.data.map(({ data }) => data.n);

test('events of programs are listed newest first, in pages, by type and workspace', async () => {
  const { token } = await api.user({ [idOf('acme')]: 'viewer' });
  const all = await api.call('GET', '/v1/events?per_page=4&page=2', { token });
  assert.is(all.status, 200);
  assert.equal(numbers(all), [25, 24, 23, 22]);
  assert.equal(all.json.meta, { page: 2, per_page: 4, total: 30 });
  assert.equal(all.json.data[0], {
    id: idOf('event-acme-25'),
    organization_id: idOf('acme'),
    workspace_id: idOf('staging'),
    type: 'user.registered',
    emitted_at: '2026-02-01T10:00:25.000Z',
    data: { n: 25, 'a.b': 1, $where: 1 },
  });
  const some = await api.call(
    'GET',
    `/v1/events?organization_id=${idOf('acme')}&workspace_id=${idOf('production')}&type=order.paid&per_page=3`,
    { token },
  );
  assert.equal(numbers(some), [24, 18, 12]);
  assert.is(some.json.meta.total, 5);
});

test('nobody reads the events of another organization, or of a workspace that is hidden', async () => {
  const { token } = await api.user({ [idOf('acme')]: 'viewer' });
  assert.is((await api.call('GET', `/v1/events?organization_id=${idOf('rival')}`, { token })).status, 404);
  // A workspace of another organization has no events in this one.
  const other = await api.call('GET', `/v1/events?workspace_id=${idOf('lab')}`, { token });
  assert.is(other.json.meta.total, 0);

  const narrowed = await api.user({ [idOf('acme')]: 'viewer' });
  const known = api.users.get(narrowed.id);
  if (known) {
    known.principal = { ...known.principal, workspaceRoles: { [idOf('production')]: 'none' } };
  }
  const rest = await api.call('GET', '/v1/events?per_page=100', { token: narrowed.token });
  assert.is(rest.json.meta.total, 20);
  assert.not.ok(numbers(rest).some((n) => n % 3 === 0));
  const hidden = `/v1/events?workspace_id=${idOf('production')}`;
  assert.is((await api.call('GET', hidden, { token: narrowed.token })).status, 404);

  const nowhere = await api.user();
  const asked = await api.call('GET', '/v1/events', { token: nowhere.token });
  assert.is(asked.status, 422);
  assert.is(asked.json.error.details[0].field, 'organization_id');
  assert.is((await api.call('GET', '/v1/events')).status, 401);
});

test.run();
