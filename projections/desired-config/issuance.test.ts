// SPDX-License-Identifier: Apache-2.0
/** What is being issued stands in no version: agents get a certificate when there is one. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { initialConfig } from '../../domain/index.js';
import { certificateFact, created, id, WORKSPACE } from '../../domain/workspace/workspace.fixture.js';
import { streams } from '../../kernel/index.js';
import type { Certificate, WorkspaceEvent, WorkspaceFact } from '../../schemas/index.js';
import { gather, nothing } from './pending.js';
import { planVersion } from './plan.js';

const { certificate: active } = certificateFact(7, ['a.example.com']).data;
const pending: Certificate = { ...active, status: 'pending', fingerprint: null, names: [] };
const facts = (certificate: Certificate): readonly WorkspaceFact[] => [
  { type: 'certificate.requested', data: { certificate } },
  { type: 'certificate.order_created', data: { certificate, order_url: 'https://acme.test/1' } },
  { type: 'certificate.challenge_ready', data: { certificate, challenge: 'http-01' } },
  { type: 'certificate.failed', data: { certificate, reason: 'no' } },
  { type: 'certificate.renewal_due', data: { certificate } },
];
const issued: WorkspaceFact = { type: 'certificate.issued', data: { certificate: active } };
const deleted: WorkspaceFact = {
  type: 'certificate.deleted',
  data: { certificate_id: id(7), domain: 'a.example.com', at: active.created_at },
};

/** The upserts and removes of one version made of these facts. */
function plan(state: ReturnType<typeof initialConfig>, ...all: readonly WorkspaceFact[]) {
  const waiting = nothing();
  for (const [index, fact] of all.entries()) {
    const meta = { command_id: 'c', correlation_id: 'r', actor: 'system', recorded_at: active.created_at };
    const place = { id: id(100 + index), stream: streams.workspace(WORKSPACE), revision: BigInt(index) };
    gather(waiting, { ...fact, ...place, position: 1n, meta } as unknown as WorkspaceEvent);
  }
  return planVersion(WORKSPACE, state, waiting).map(({ data }) => ({
    upserts: data.upserts.map((one) => [one.kind, one.id]),
    removes: data.removes.map((one) => one.kind),
    causes: data.causes.map(({ type }) => type),
  }));
}

test('no step before the certificate makes a version, nor the deletion of what never was there', () => {
  assert.equal(plan(initialConfig(), created, ...facts(pending)), []);
  assert.equal(plan(initialConfig(), ...facts(pending), deleted), []);
});

test('an issued certificate does, and its renewal only when the next one is there', () => {
  const state = initialConfig();
  assert.equal(plan(state, ...facts(pending), issued), [
    { upserts: [['certificate', id(7)]], removes: [], causes: ['certificate.issued'] },
  ]);
  assert.equal(plan(state, ...facts(active)), []);
  const next: WorkspaceFact = {
    type: 'certificate.issued',
    data: { certificate: { ...active, fingerprint: 'ef'.repeat(32) } },
  };
  assert.is(plan(state, next).length, 1);
  assert.equal(plan(state, deleted)[0]?.removes, ['certificate']);
});

test.run();
