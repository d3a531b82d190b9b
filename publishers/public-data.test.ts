// SPDX-License-Identifier: Apache-2.0
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type EventType, eventSchemas } from '../schemas/index.js';
import { NOT_PUBLISHED, publicData, publishedTypes } from './public-data.js';

const test = suite('public data');

/** Names that sound like a secret and are none. */
const HARMLESS = new Set([
  // Names a configuration, a certificate: known to everybody who connects.
  'digest',
  'fingerprint',
  // When a token ends, not what it is.
  'token_expires_at',
  // What describes a key: its name, scopes and prefix.
  'api_key',
]);
const SUSPICIOUS = /token|secret|password|private|credential|sha256|hash|hmac|digest|fingerprint|(^|_)keys?$/;

function fields(schema: unknown, found = new Set<string>()): Set<string> {
  if (schema !== null && typeof schema === 'object') {
    for (const [name, value] of Object.entries(schema)) {
      if (name === 'properties') {
        for (const field of Object.keys(value)) {
          found.add(field);
        }
      }
      fields(value, found);
    }
  }
  return found;
}

test('every field that sounds like a secret is kept inside or known to be harmless', () => {
  const leaks = (Object.keys(eventSchemas) as EventType[]).flatMap((type) =>
    [...fields(eventSchemas[type])]
      .filter((field) => SUSPICIOUS.test(field) && !HARMLESS.has(field))
      .filter((field) => NOT_PUBLISHED[type] !== 'all' && !NOT_PUBLISHED[type]?.includes(field))
      .map((field) => `${type}: ${field}`),
  );
  assert.equal(leaks, []);
});

test('every field that is named as kept inside is there', () => {
  for (const [type, hidden] of Object.entries(NOT_PUBLISHED)) {
    const there = fields(eventSchemas[type as EventType]);
    for (const field of hidden === 'all' ? [] : hidden) {
      assert.ok(there.has(field), `${type}: ${field}`);
    }
  }
  assert.not.ok(publishedTypes.includes('email.reserved'));
  const all = Object.values(NOT_PUBLISHED).filter((hidden) => hidden === 'all').length;
  assert.is(publishedTypes.length, Object.keys(eventSchemas).length - all);
});

test('leaves them out, and nothing else', () => {
  const data = { agent_id: 'a', public_key_sha256: 'b', at: 'c' };
  assert.is(publicData({ type: 'agent.registered', data }), '{"agent_id":"a","at":"c"}');
  const removed = { agent_id: 'a', name: null, at: 'c' };
  assert.is(publicData({ type: 'agent.removed', data: removed }), JSON.stringify(removed));
});

test.run();
