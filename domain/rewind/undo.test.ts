// SPDX-License-Identifier: Apache-2.0
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { ConfigCause, ConfigFact, ConfigUpsert } from '../../schemas/index.js';
import { initial } from '../config/state.js';
import { workspace } from '../workspace/index.js';
import {
  agentFact,
  certificateFact,
  created,
  id,
  upstreamFact,
  upstreamOf,
} from '../workspace/workspace.fixture.js';
import { changesBackTo } from './roll-back.js';
import { diffOf, planUndo, type VersionDiff, versionReader } from './undo.js';

const cause = (n: number, actor: string, changed: string[] = []): ConfigCause =>
  ({ event_id: id(n), actor, resource_id: id(1), resource_name: 'api', changed }) as unknown as ConfigCause;
const upstream = (name: string): ConfigUpsert => ({
  kind: 'upstream',
  id: id(1),
  resource: { ...upstreamOf(upstreamFact(1)), name },
});
const fact = (version: number, more: object): ConfigFact =>
  ({
    type: 'config.version_published',
    data: {
      version,
      part: 1,
      parts: 1,
      source_revision: String(version),
      compiler_version: 1,
      upserts: [],
      removes: [],
      targets: {},
      causes: [],
      ...more,
    },
  }) as unknown as ConfigFact;

const base = { id: id(1), name: 'api', algorithm: 'round_robin' };
const version = (n: number, ...resources: VersionDiff['resources']): VersionDiff => ({
  version: n,
  causes: [cause(n, `user:${n}`)],
  resources,
});
const codes = (...args: Parameters<typeof planUndo>) =>
  planUndo(...args).problems.map(({ code, field }) => `${code} ${field}`);

test('a version in parts is one difference, from before its first part, and each has its own causes', () => {
  const reader = versionReader();
  reader.take(fact(1, { upserts: [upstream('first')], causes: [cause(1, 'user:a')] }));
  const parts = { parts: 2, causes: [cause(2, 'user:b')] };
  assert.is(reader.take(fact(2, { ...parts, upserts: [upstream('second')] })), undefined);
  const diff = reader.take(fact(2, { ...parts, part: 2, upserts: [upstream('third')] }));
  assert.equal(
    diff?.resources.map(({ before, after, fields }) => [before?.['name'], after?.['name'], fields]),
    [['first', 'third', ['name']]],
  );
  assert.equal(
    diff?.causes.map(({ actor }) => actor),
    ['user:b', 'user:b'],
  );
});

test('of what does not concern whoever asks, nothing is told', () => {
  const reader = versionReader(initial(), (one) => one !== id(1));
  assert.equal(reader.take(fact(1, { upserts: [upstream('first')] }))?.resources, []);
});

test('what a version made goes only as it was made', () => {
  const { changes } = planUndo(version(1, diffOf('upstream', id(1), undefined, base)), []);
  assert.equal(changes, [{ kind: 'upstream', id: id(1), expect: base, remove: true }]);
});

test('what was deleted or brought back later stands in the way of its fields', () => {
  const own = version(1, diffOf('upstream', id(1), base, { ...base, name: 'web' }));
  const gone = diffOf('upstream', id(1), { ...base, name: 'web' }, undefined);
  const back = diffOf('upstream', id(1), undefined, { ...base, name: 'web' });
  assert.equal(codes(own, [version(2, gone)]), ['CHANGED_LATER id']);
  assert.equal(codes(own, [version(3, back)]), ['CHANGED_LATER id']);
});

test('a destroyed key does not come back, and what has nothing to take back says so', () => {
  const { certificate } = certificateFact(7, ['example.com']).data;
  assert.equal(codes(version(1, diffOf('certificate', id(7), certificate, undefined)), []), [
    'KEY_DESTROYED id',
  ]);
  assert.equal(codes(version(1, diffOf('agent', id(8), undefined, { labels: {} })), []), [
    'NOTHING_TO_UNDO version',
  ]);
});

test('on the way back agents that have left stay away, and so do certificates that nothing needs', () => {
  const state = workspace.initial();
  for (const one of [created, agentFact(10, { env: 'production' })]) {
    workspace.evolve(state, one);
  }
  const then = initial();
  for (const n of [10, 11]) {
    then.agents.set(id(n), { labels: { env: 'staging' } } as never);
  }
  then.certificates.set(id(7), certificateFact(7, ['example.com']).data.certificate);
  assert.equal(changesBackTo(then, state), [
    { kind: 'agent', id: id(10), expect: {}, set: { labels: { env: 'staging' } } },
  ]);
});

test.run();
