// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CATEGORIES, streams } from '../../kernel/index.js';
import { type EventType, eventSchemas, type StoredEvent } from '../../schemas/index.js';
import { AT, agent, digest, id, ORGANIZATION, upstream, WORKSPACE } from '../facts.harness.js';
import { documentsAfter, type Given } from '../given.harness.js';
import { placeKey, type RecordDoc, records, type SubjectDoc, subjectKey } from './index.js';
import { recordedCategories, recordedTypes, subjectOf } from './subject.js';

const recordsAfter = async (given: Given): Promise<RecordDoc[]> =>
  Object.values(await documentsAfter(records, given)).sort((a, b) =>
    a.id < b.id ? -1 : 1,
  ) as unknown as RecordDoc[];

const A = upstream('a');
const changed = { ...A, algorithm: 'ip_hash' as const };
const story: Given = [
  [WORKSPACE, { type: 'upstream.created', data: { upstream: A } }],
  [WORKSPACE, { type: 'upstream.updated', data: { upstream: changed, changed: ['algorithm'] } }],
  [WORKSPACE, { type: 'upstream.deleted', data: { upstream_id: A.id, name: 'a', at: AT } }],
];

test('a record holds what its event left, and points to what stood before', async () => {
  const [created, updated, deleted] = await recordsAfter(story);
  assert.equal(created?.after, { ...A });
  assert.equal([created?.state, created?.previous, created?.changed], ['set', null, []]);
  assert.equal(updated?.after, { ...changed });
  assert.equal([updated?.previous, updated?.changed], [created?.id, ['algorithm']]);
  assert.equal([deleted?.after, deleted?.state, deleted?.previous], [null, 'gone', updated?.id]);
  assert.equal(
    [deleted?.type, deleted?.action, deleted?.resource_kind, deleted?.resource_id, deleted?.resource_name],
    ['upstream.deleted', 'deleted', 'upstream', A.id, 'a'],
  );
  assert.equal([created?.organization_id, created?.workspace_id], [ORGANIZATION, A.workspace_id]);
  assert.equal([created?.revision, deleted?.revision], ['0', '2']);
  assert.ok((created?.id ?? '') < (updated?.id ?? '') && created?.id.length === 20);
});

test('the newest state of a resource is found by its key, also of one that is gone', async () => {
  const docs = await documentsAfter(records, story, 'subjects');
  const subject = docs[subjectKey('upstream', A.id)] as unknown as SubjectDoc;
  const [, , last] = await recordsAfter(story);
  assert.equal(
    [subject.gone, subject.record, subject.name, subject.place],
    [true, last?.id, 'a', placeKey(A.workspace_id, 'upstream')],
  );
});

test('what leaves a resource as it is keeps its state, and hashes are left out', async () => {
  const one = agent('x');
  const agent_id = one.id;
  const made = await recordsAfter([
    [
      WORKSPACE,
      { type: 'agent.enrolled', data: { agent: one, token_sha256: digest('t'), token_expires_at: AT } },
      { type: 'agent.registered', data: { agent_id, public_key_sha256: digest('k'), at: AT } },
    ],
    [
      streams.agent(agent_id),
      { type: 'agent_command.requested', data: { agent_id, command_id: id('c'), kind: 'reload', at: AT } },
      { type: 'nginx.stopped', data: { agent_id, at: AT } },
    ],
    [WORKSPACE, { type: 'agent.updated', data: { agent: { ...one, name: 'y' }, changed: ['name'] } }],
  ]);
  assert.equal(
    made.map(({ type, state }) => [type, state]),
    [
      ['agent.enrolled', 'set'],
      ['agent.registered', 'kept'],
      ['agent_command.requested', 'kept'],
      ['agent.updated', 'set'],
    ],
  );
  assert.is(made[3]?.previous, made[0]?.id);
  assert.equal(
    [made[2]?.action, made[2]?.resource_id, made[2]?.resource_name, made[2]?.details],
    ['command_requested', agent_id, 'x', { kind: 'reload' }],
  );
  assert.not.match(JSON.stringify(made), digest('t'));
  assert.not.match(JSON.stringify(made), digest('k'));
});

test('members are told apart by organization', async () => {
  const user_id = id('user');
  const [a, b] = [id('organization', 'a'), id('organization', 'b')];
  const docs = await recordsAfter([
    [
      streams.organization(a),
      { type: 'member.added', data: { organization_id: a, user_id, role: 'editor', at: AT } },
    ],
    [
      streams.organization(b),
      { type: 'member.added', data: { organization_id: b, user_id, role: 'viewer', at: AT } },
    ],
    [
      streams.organization(a),
      { type: 'member.role_changed', data: { organization_id: a, user_id, role: 'admin', at: AT } },
      { type: 'member.removed', data: { organization_id: a, user_id, at: AT } },
    ],
  ]);
  assert.equal(
    docs.map(({ after, state }) => [after?.role, state]),
    [
      ['editor', 'set'],
      ['viewer', 'set'],
      ['admin', 'set'],
      [undefined, 'gone'],
    ],
  );
  assert.equal([docs[2]?.previous, docs[3]?.previous], [docs[0]?.id, docs[2]?.id]);
});

const SAMPLES = join(import.meta.dirname, '..', '..', '..', 'schemas', 'samples');

test('every type of event has a record or is left out by name, and shows no hash', () => {
  const left = (Object.keys(eventSchemas) as EventType[]).filter((type) => !recordedTypes.includes(type));
  assert.equal(
    left.filter(
      (type) => !/^(audit|config|slug|workspace_slug|email|username|nginx|health|custom_event)\./.test(type),
    ),
    ['agent.connected', 'agent.disconnected', 'session.refreshed'],
  );
  assert.ok(recordedCategories.length > 5 && recordedCategories.every((one) => CATEGORIES.includes(one)));
  for (const file of readdirSync(SAMPLES)) {
    const type = file.slice(0, file.indexOf('@')) as EventType;
    if (recordedTypes.includes(type)) {
      const data = JSON.parse(readFileSync(join(SAMPLES, file), 'utf8'));
      const subject = subjectOf({ type, data } as unknown as StoredEvent);
      assert.ok(subject?.id, type);
      assert.not.match(JSON.stringify(subject), /token|secret|public_key/);
    }
  }
});

test.run();
