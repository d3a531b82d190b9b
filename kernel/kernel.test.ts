// SPDX-License-Identifier: Apache-2.0
import { inspect } from 'node:util';
import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  canonicalJson,
  categoryOf,
  createdId,
  digestOf,
  eventId,
  idOf,
  isUuid,
  Secret,
  streams,
  systemClock,
  systemRandom,
  uuidv5,
  uuidv7,
} from './index.js';

const shuffled = (value: unknown): unknown =>
  value !== null && typeof value === 'object' && !Array.isArray(value)
    ? Object.fromEntries(
        Object.entries(value)
          .reverse()
          .map(([key, member]) => [key, shuffled(member)]),
      )
    : Array.isArray(value)
      ? value.map(shuffled)
      : value;

test('canonical JSON does not depend on the order of keys, and says the same value', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      assert.is(canonicalJson(shuffled(value)), canonicalJson(value));
      assert.is(canonicalJson(JSON.parse(canonicalJson(value))), canonicalJson(value));
    }),
    { seed: 1, numRuns: 500 },
  );
  assert.is(canonicalJson({ b: 1, a: [true, null, 'x'], c: undefined }), '{"a":[true,null,"x"],"b":1}');
  assert.throws(() => canonicalJson(Number.NaN));
  assert.throws(() => canonicalJson([undefined]));
});

test('digests are of the value', () => {
  assert.is(digestOf({ a: 1, b: 2 }), digestOf({ b: 2, a: 1 }));
  assert.is.not(digestOf({ a: 1 }), digestOf({ a: '1' }));
});

test('ids follow from their parts and from nothing else', () => {
  assert.ok(isUuid(uuidv5('a')));
  assert.is(uuidv5('a', 1), uuidv5('a', '1'));
  assert.is.not(uuidv5('a', 'b'), uuidv5('ab'));
  assert.is.not(eventId('c', 0), eventId('c', 1));
  assert.is.not(createdId('c', 'upstream'), createdId('c', 'virtual_host'));
  // These stand in logs: they must never change.
  assert.is(eventId('00000000-0000-4000-8000-000000000001', 0), '218c08ce-e5c4-54b4-b061-aebc69239f2a');
});

test('what a command makes stands in its millisecond, and follows from its parts', () => {
  const at = (now: number) => uuidv7({ ...systemClock, now: () => now }, systemRandom);
  const [early, late] = [at(1_700_000_000_000), at(1_700_000_000_001)];
  for (const made of [(id: string) => createdId(id, 'upstream'), (id: string) => eventId(id, 3)]) {
    assert.match(made(early), /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    assert.is(made(early), made(early));
    assert.is(made(early).slice(0, 13), early.slice(0, 13));
    assert.ok(made(early) < made(late));
    assert.is.not(made(early), made(at(1_700_000_000_000)));
  }
  // This stands in logs: it must never change.
  assert.is(
    createdId('018bcfe5-6800-7000-8000-000000000001', 'upstream'),
    '018bcfe5-6800-84aa-b8f3-18cbc127b7b4',
  );
});

test('UUIDv7 are sorted by their millisecond', () => {
  const at = (now: number) => uuidv7({ ...systemClock, now: () => now }, systemRandom);
  assert.ok(isUuid(at(1)));
  assert.ok(at(1_700_000_000_000) < at(1_700_000_000_001));
});

test('streams are named in one place', () => {
  assert.is(streams.workspace('a-b'), 'workspace-a-b');
  assert.is(categoryOf('config-a-b'), 'config');
  assert.is(idOf('config-a-b'), 'a-b');
  assert.throws(() => streams.workspace('../x'));
});

test('a secret is not printed', () => {
  const secret = new Secret('canary');
  for (const text of [secret.toString(), JSON.stringify({ secret }), inspect({ secret }), String(secret)]) {
    assert.not.match(text, 'canary');
    assert.match(text, 'redacted');
  }
  assert.is(secret.reveal(), 'canary');
});

test.run();
