// SPDX-License-Identifier: Apache-2.0
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { AT, idOf, startReadApi } from './read-api.harness.js';

const api = await startReadApi();
await api.organization('acme');
await api.workspace('production', 'acme');
await api.certificate('uploaded', 'production');
const { token } = await api.user({ [idOf('acme')]: 'viewer' });
test.after(() => api.close());

const asked = (name: string, fields: object) =>
  api.put('certificates', {
    id: idOf(name),
    workspace_id: idOf('production'),
    domain: `${name}.example.com`,
    names: [],
    is_wildcard: false,
    provider: 'letsencrypt',
    status: 'pending',
    fingerprint: null,
    issued_at: null,
    expires_at: null,
    auto_renew: true,
    created_at: AT,
    updated_at: AT,
    _revision: '9',
    _position: '90',
    ...fields,
  });
await asked('asked', { issuance: { step: 'requested', reason: null } });
await asked('refused', { status: 'failed', issuance: { step: 'failed', reason: 'No such name' } });

const get = async (path: string) => (await api.call('GET', path, { token })).json;

test('a certificate that is to be issued says that it waits, and why it failed', async () => {
  const of = (name: string) => get(`/v1/certificates/${idOf(name)}`);
  const { status, issuance, status_detail } = await of('asked');
  assert.equal([status, issuance], ['pending', 'requested']);
  assert.match(status_detail, 'pending until');
  const refused = await of('refused');
  assert.equal(
    [refused.status, refused.issuance, refused.status_detail],
    ['failed', 'failed', 'No such name'],
  );
  const uploaded = await of('uploaded');
  assert.equal([uploaded.status, uploaded.issuance, uploaded.status_detail], ['active', null, null]);
});

test('a list says the same', async () => {
  const { data } = await get(`/v1/workspaces/${idOf('production')}/certificates`);
  assert.equal(
    data.map((one: { domain: string; issuance: string | null }) => [one.domain, one.issuance]),
    [
      ['asked.example.com', 'requested'],
      ['refused.example.com', 'failed'],
      ['uploaded.example.com', null],
    ],
  );
});

test.run();
