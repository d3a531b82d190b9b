// SPDX-License-Identifier: Apache-2.0
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { recordId, subjectKey } from '../projections/index.js';
import { AT, idOf, startReadApi } from './read-api.harness.js';

const api = await startReadApi();
test.after(() => api.close());

/** What became of an organization at a position; no name: it is gone. */
async function happened(position: number, organization: string, name: string | null): Promise<void> {
  const id = recordId(BigInt(position));
  const resource = idOf(organization);
  const earlier = await api.store.find('records.v1/records', {
    where: { resource_id: resource },
    descending: true,
  });
  await api.put('records', {
    id,
    event_id: idOf(id),
    organization_id: resource,
    workspace_id: null,
    position: String(position),
    revision: String(earlier.items.length),
    at: AT,
    resource_kind: 'organization',
    resource_id: resource,
    resource_name: name ?? '',
    state: name === null ? 'gone' : 'set',
    after: name === null ? null : { id: resource, name, slug: name, created_at: AT, updated_at: AT },
    previous: earlier.items[0]?.id ?? null,
  });
  const key = subjectKey('organization', resource);
  await api.put('subjects', { id: key, place: null, resource_id: resource, name, record: id, newest: id });
  await api.put('chains', { id: resource, number: 1, hash: '', newest: id });
}

test('the organizations of the past are those that one has a role in, as they stood', async () => {
  await api.put('chains', { id: 'installation', number: 1, hash: '', newest: '' });
  await happened(1, 'first', 'alpha');
  await happened(2, 'second', 'beta');
  await happened(3, 'first', 'zeta');
  await happened(4, 'second', null);
  const member = await api.user({ [idOf('first')]: 'viewer' });
  const both = await api.user({ [idOf('first')]: 'viewer', [idOf('second')]: 'owner' });
  const administrator = await api.user({}, true);
  const nobody = await api.user();
  const slugs = async ({ token }: { token: string }, query: string): Promise<string[]> => {
    const { status, json, text } = await api.call('GET', `/v1/organizations?${query}`, { token });
    assert.is(status, 200, text);
    return json.data.map(({ slug }: { slug: string }) => slug);
  };
  for (const [position, own, all] of [
    [0, [], []],
    [1, ['alpha'], ['alpha']],
    [2, ['alpha'], ['alpha', 'beta']],
    [3, ['zeta'], ['beta', 'zeta']],
    [4, ['zeta'], ['zeta']],
  ] as const) {
    assert.equal(await slugs(member, `at=position:${position}`), own);
    assert.equal(await slugs(both, `at=position:${position}`), all);
    assert.equal(await slugs(administrator, `at=position:${position}`), all);
    assert.equal(await slugs(nobody, `at=position:${position}`), []);
  }
  assert.equal(await slugs(both, 'at=position:3&per_page=1&page=2'), ['zeta']);
  assert.equal(await slugs(both, `at=${AT}`), ['zeta']);
  for (const at of ['revision:1', 'version:1', 'tomorrow']) {
    const { status, json } = await api.call('GET', `/v1/organizations?at=${at}`, { token: member.token });
    assert.equal([status, json.error.details[0].field], [422, 'at']);
  }
});

test.run();
