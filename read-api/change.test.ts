// SPDX-License-Identifier: Apache-2.0
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { AT, idOf, type ReadApi, startReadApi } from './read-api.harness.js';

const test = suite('read-api: changes');
let api: ReadApi;
let token: string;

test.before(async () => {
  api = await startReadApi();
  await api.organization('acme');
  await api.workspace('shop', 'acme');
  token = (await api.user({ [idOf('acme')]: 'viewer' })).token;
});
test.after(() => api.close());

const targets = { all: 'a'.repeat(64) };
const version = async (number: number): Promise<Record<string, string>> => {
  const { json } = await api.call('GET', `/v1/workspaces/${idOf('shop')}/changes/${number}`, { token });
  return Object.fromEntries(
    json.agents.map((one: { agent_id: string; state: string }) => [one.agent_id, one.state]),
  );
};

test('each agent is told apart: what was for it, what it made of it, what came before its time', async () => {
  for (const number of [1, 2, 3]) {
    await api.version(number, 'shop', { targets, source_revision: String(number * 10) });
  }
  const at = (number: number) => ({ version: number, digest: 'a'.repeat(64), at: AT });
  await api.agent('served', 'shop', { sent: at(3), applied: at(3) });
  await api.delivery(1, 'shop', 'served');
  await api.delivery(3, 'shop', 'served');
  await api.agent('late', 'shop', { _enrolled: '15' });
  assert.equal(await version(1), { [idOf('served')]: 'applied', [idOf('late')]: 'unchanged' });
  assert.equal(await version(2), { [idOf('served')]: 'superseded', [idOf('late')]: 'pending' });
});

test('an agent that was removed keeps its part in what it took part in', async () => {
  await api.version(4, 'shop', { targets, source_revision: '40' });
  await api.delivery(4, 'shop', 'removed');
  await api.delivery(4, 'shop', 'cut-off', {
    state: 'sent',
    applied_at: null,
    duration_ms: null,
    stages: null,
  });
  const { json } = await api.call('GET', `/v1/workspaces/${idOf('shop')}/changes/4`, { token });
  const parts = json.agents.filter((one: { name: string | null }) => one.name === null);
  const states = Object.fromEntries(
    parts.map((one: { agent_id: string; state: string }) => [one.agent_id, one.state]),
  );
  assert.equal(states, { [idOf('removed')]: 'applied', [idOf('cut-off')]: 'superseded' });
});

test.run();
