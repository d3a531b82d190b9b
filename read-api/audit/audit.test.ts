// SPDX-License-Identifier: Apache-2.0
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { exportVerifier, INSTALLATION } from '../../domain/index.js';
import { type ChainDoc, type Chained, linked, type RecordDoc, recordId } from '../../projections/index.js';
import { AUDIT_KEYS } from '../audit.harness.js';
import { idOf, type ReadApi, startReadApi } from '../read-api.harness.js';

const test = suite('audit');
let api: ReadApi;
let owner: string;
let admin: string;

const instant = (minute: number): string => new Date(Date.UTC(2026, 1, 1, 10, minute)).toISOString();

/** Records of a chain, linked as the projection links them. */
async function given(chain: string, organization: string | null, count: number, first = 1): Promise<void> {
  let head: ChainDoc | undefined;
  for (let number = 1; number <= count; number += 1) {
    const id = recordId(BigInt(first + number));
    const one: Chained = {
      id,
      event_id: idOf(`event-${first}-${number}`),
      organization_id: organization,
      workspace_id: organization === null ? null : idOf('production'),
      position: String(first + number),
      revision: String(number),
      at: instant(number),
      actor: number % 2 === 0 ? 'user:ann' : 'user:ben',
      address_sealed: number % 3 === 0 ? null : 'sealed:10.0.0.1',
      type: 'upstream.updated',
      action: 'updated',
      resource_kind: 'upstream',
      resource_id: idOf('upstream'),
      resource_name: 'u',
      changed: ['servers'],
      state: 'set',
      after: { weight: number },
      previous: head?.newest ?? null,
      details: {},
      command_id: `c${number}`,
      request_id: `req-${number}`,
    };
    const doc: RecordDoc = linked(one, chain, head);
    head = { id: chain, number: doc.chain_number, hash: doc.chain_hash, newest: id };
    await api.put('records', { ...doc });
    await api.put('chains', { ...head });
  }
}

test.before(async () => {
  api = await startReadApi();
  owner = (await api.user({ [idOf('acme')]: 'admin' })).token;
  admin = (await api.user({}, true)).token;
  await given(idOf('acme'), idOf('acme'), 205);
  await given(INSTALLATION, null, 3, 1_000);
});

test.after(() => api.close());

const get = (path: string, token = owner) => api.call('GET', path, { token });
const acme = `organization_id=${idOf('acme')}`;

test('newest first, page by page, whatever is recorded meanwhile', async () => {
  const seen: number[] = [];
  let cursor = '';
  for (;;) {
    const { json } = await get(`/v1/audit?${acme}&limit=100${cursor}`);
    seen.push(...json.data.map((one: { number: number }) => one.number));
    if (json.meta.next_cursor === null) {
      break;
    }
    cursor = `&cursor=${json.meta.next_cursor}`;
  }
  assert.equal(
    seen,
    Array.from({ length: 205 }, (_, index) => 205 - index),
  );
});

test('a record tells who, from where, what, and what stood before', async () => {
  const [one] = (await get(`/v1/audit?${acme}&request_id=req-7`)).json.data;
  assert.equal(
    [one.number, one.actor, one.address, one.before, one.after, one.changed, one.at],
    [7, 'user:ben', '10.0.0.1', { weight: 6 }, { weight: 7 }, ['servers'], instant(7)],
  );
  assert.is((await get(`/v1/audit?${acme}&request_id=req-9`)).json.data[0].address, null);
  assert.not.match(JSON.stringify(one), 'sealed');
});

test('filters are joined by "and"; a range in time is from and before', async () => {
  const numbers = async (query: string): Promise<number[]> =>
    (await get(`/v1/audit?${acme}&${query}`)).json.data.map((one: { number: number }) => one.number);
  assert.equal(await numbers(`from=${instant(5)}&to=${instant(9)}`), [8, 7, 6, 5]);
  assert.equal(await numbers(`from=${instant(5)}&to=${instant(9)}&actor=user:ann`), [8, 6]);
  assert.equal(await numbers('actor=user:nobody'), []);
  assert.equal(await numbers(`from=${instant(500)}`), []);
  const wrong = await get(`/v1/audit?${acme}&from=${instant(9)}&to=${instant(5)}`);
  assert.equal([wrong.status, wrong.json.error.details[0].field], [422, 'to']);
  for (const query of ['limit=101', 'limit=0', 'cursor=x', 'from=yesterday', 'sort=actor']) {
    assert.is((await get(`/v1/audit?${acme}&${query}`)).status, 422, query);
  }
});

test('an export can be checked by itself, also from the middle on', async () => {
  for (const [from, records] of [
    [1, 205],
    [101, 105],
    [900, 0],
  ] as const) {
    const { text, headers } = await get(`/v1/audit/export?${acme}&from_number=${from}`);
    assert.is(headers['content-type'], 'application/x-ndjson');
    const verifier = exportVerifier(AUDIT_KEYS.publicKey);
    for (const line of text.trim().split('\n')) {
      verifier.line(line);
    }
    assert.equal(verifier.end(), { ok: true, records, checkpoints: 0 });
  }
});

test('admins of the organization read it, others do not; what belongs to none is for administrators', async () => {
  const viewer = (await api.user({ [idOf('acme')]: 'editor' })).token;
  const stranger = (await api.user({ [idOf('rival')]: 'owner' })).token;
  for (const path of [`/v1/audit?${acme}`, `/v1/audit/export?${acme}`]) {
    assert.is((await get(path, viewer)).status, 403);
    assert.is((await get(path, stranger)).status, 404);
    assert.is((await get(path, admin)).status, 200);
    assert.is((await api.call('GET', path)).status, 401);
  }
  assert.is((await get(`/v1/audit?organization_id=${idOf('nobody')}`, admin)).status, 404);
  assert.is((await get('/v1/audit/installation')).status, 403);
  assert.is((await get('/v1/audit/installation', admin)).json.data.length, 3);
  assert.match((await get('/v1/audit/installation/export', admin)).text, '"kind":"end"');
  assert.match((await get('/v1/audit/key')).json.public_key, 'BEGIN PUBLIC KEY');
});

test.run();
