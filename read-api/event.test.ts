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
  const { next_cursor, ...meta } = all.json.meta;
  assert.equal(meta, { page: 2, per_page: 4, total: 30 });
  assert.is(typeof next_cursor, 'string');
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

test('a cursor goes on behind the last event, whatever is emitted meanwhile and however many at once', async () => {
  const { token } = await api.user({ [idOf('busy')]: 'viewer' });
  const emit = (n: number, second: number) =>
    api.put('custom_events', {
      id: idOf(`busy-${n}`),
      organization_id: idOf('busy'),
      workspace_id: n % 3 === 0 ? idOf('production') : null,
      type: 'order.paid',
      data: JSON.stringify({ n }),
      emitted_at: AT.replace('10:00:00', `10:00:0${second}`),
      _revision: '0',
      _position: String(n),
    });
  // More of one instant than are read at a time.
  for (let n = 0; n < 260; n++) {
    await emit(n, n < 250 ? 1 : 2);
  }
  let emitted = 1000;
  const pagesOf = async (as: string, path: string): Promise<number[][]> => {
    const pages: number[][] = [];
    let first: number | undefined;
    for (let cursor: string | null = ''; cursor !== null; ) {
      const query = cursor === '' ? '' : `&cursor=${cursor}`;
      const { status, json, text, headers } = await api.call('GET', `${path}?per_page=40${query}`, {
        token: as,
      });
      assert.is(status, 200, text);
      const { items, next_cursor, total, page } = json.data.items
        ? json.data
        : { items: json.data, ...json.meta };
      pages.push(items.map(({ data }: { data: { n: number } }) => data.n));
      first ??= total;
      assert.equal([total, page, headers.link === undefined], [first, pages.length, cursor !== '']);
      cursor = next_cursor;
      await emit(emitted++, 3);
    }
    return pages;
  };
  const pages = await pagesOf(token, '/v1/events');
  assert.equal(
    pages.map(({ length }) => length),
    [40, 40, 40, 40, 40, 40, 20],
  );
  assert.is(new Set(pages.flat()).size, 260);
  assert.ok((pages[0] ?? []).slice(0, 10).every((n) => n >= 250));

  const narrowed = await api.user({ [idOf('busy')]: 'viewer' });
  const known = api.users.get(narrowed.id);
  if (known) {
    known.principal = { ...known.principal, workspaceRoles: { [idOf('production')]: 'none' } };
  }
  const rest = await pagesOf(narrowed.token, '/v1/events');
  const shown = Array.from({ length: 260 }, (_, n) => n).filter((n) => n % 3 !== 0);
  assert.equal(
    rest
      .flat()
      .filter((n) => n < 260)
      .toSorted((a, b) => a - b),
    shown,
  );

  const forged = Buffer.from('["x","y"]').toString('base64url');
  for (const query of [`cursor=${forged}`, 'cursor=%00', 'cursor=a&page=2', `cursor=${'a'.repeat(300)}`]) {
    const answer = await api.call('GET', `/v1/events?${query}`, { token });
    assert.is(answer.status, 422, query);
    assert.match(answer.json.error.details[0].field, /^(cursor|page)$/);
  }
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
