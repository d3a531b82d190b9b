// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { MAX_PARKED, type ParkedHost } from '../schemas/index.js';
import {
  beginParking,
  type Candidate,
  type Parking,
  provenParking,
  refusedParking,
  resumedParking,
  retriedParking,
  withheld,
} from './parking.js';

const why = { reason: 'SYNTAX', stage: 'tested', message: 'no' } as const;
const candidate = (id: string, held: number | null = null): Candidate => ({
  id,
  name: id,
  content: id.padEnd(64, '0'),
  held,
});
const parkedIds = (state: Parking): string[] => [...state.parked.keys()].sort();
const refusal = (candidates: readonly Candidate[], culprits: readonly string[] = [], brings = false) => ({
  version: 2,
  candidates,
  culprits: new Map(culprits.map((id) => [id, why])),
  brings,
  why,
});
const nothing = beginParking([]);

test('the host that the agent points at is parked as it ran before, and the rest goes out', () => {
  const next = refusedParking(nothing, refusal([candidate('a', 7), candidate('b')], ['a']));
  const expected: ParkedHost = {
    virtual_host_id: 'a',
    name: 'a',
    content: 'a'.padEnd(64, '0'),
    held_version: 7,
    suspect: false,
    ...why,
  };
  assert.equal(withheld(next), [expected]);
});

test('a version that brings nothing else is refused whole; one that ends a host is not', () => {
  assert.is(refusedParking(nothing, refusal([candidate('a', 7)], ['a'])).parked.size, 0);
  assert.equal(parkedIds(refusedParking(nothing, refusal([candidate('a', 7)], ['a'], true))), ['a']);
});

test('one change alone is refused whole without a search, unless the version ends a host', () => {
  const one = refusedParking(nothing, refusal([candidate('a')]));
  assert.equal([one.parked.size, one.search], [0, undefined]);
  assert.ok(refusedParking(nothing, refusal([candidate('a')], [], true)).search);
});

test('where more would be parked than can be remembered, the version is refused whole', () => {
  const many = Array.from({ length: MAX_PARKED + 2 }, (_, index) => candidate(`h${index}`));
  const ids = many.map(({ id }) => id);
  assert.is(refusedParking(nothing, refusal(many, ids.slice(0, MAX_PARKED))).parked.size, MAX_PARKED);
  assert.is(refusedParking(nothing, refusal(many, ids.slice(0, MAX_PARKED + 1))).parked.size, 0);
  assert.is(refusedParking(nothing, refusal(many.slice(0, MAX_PARKED))).parked.size, MAX_PARKED);
  assert.is(refusedParking(nothing, refusal(many)).parked.size, 0);
});

test('a host that runs as desired already is not at fault, whatever the agent points at', () => {
  const { parked, search } = refusedParking(nothing, { ...refusal([candidate('a')], ['b']), why: undefined });
  assert.equal([parked.size, search], [0, undefined]);
});

test('what is served as desired is no longer parked', () => {
  const state = refusedParking(
    nothing,
    refusal([candidate('a'), candidate('b'), candidate('c')], ['a', 'b']),
  );
  assert.equal(parkedIds(provenParking(state, 2, new Set(['a', 'b']))), ['a', 'b']);
  assert.equal(parkedIds(provenParking(state, 3, new Set(['b']))), ['b']);
});

test('a retry tries all that is parked; refused again, it stays as it was', () => {
  const state = refusedParking(nothing, refusal([candidate('a'), candidate('b')], ['a']));
  const retried = retriedParking(state);
  assert.equal(withheld(retried), []);
  assert.equal(withheld(refusedParking(retried, refusal([candidate('a')], ['a']))), withheld(state));
});

/** Plays an agent that refuses whatever holds one of `bad`, and says nothing more. */
function play(ids: readonly string[], bad: ReadonlySet<string>, start: Parking = nothing) {
  let state = start;
  let tries = 0;
  for (;;) {
    const held = new Set(withheld(state).map((one) => one.virtual_host_id));
    const shown = ids.filter((id) => !held.has(id));
    const before = state;
    state = shown.some((id) => bad.has(id))
      ? refusedParking(state, refusal(shown.map((id) => candidate(id))))
      : provenParking(state, 2, held);
    tries += 1;
    const same =
      withheld(state).length === held.size && withheld(state).every((one) => held.has(one.virtual_host_id));
    if (same && state.search === undefined) {
      return { state, tries };
    }
    assert.ok(tries < 500 && state !== before);
  }
}

test('one bad host among 500 is found by halves', () => {
  const ids = Array.from({ length: 500 }, (_, index) => `h${index}`);
  for (const bad of ['h0', 'h250', 'h499']) {
    const { state, tries } = play(ids, new Set([bad]));
    assert.equal(parkedIds(state), [bad]);
    assert.not(state.parked.get(bad)?.suspect);
    assert.ok(tries <= Math.ceil(Math.log2(500)) + 6, `${tries} tries`);
  }
});

test('whatever is bad, the search ends, and nothing bad is left in', () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 60 }), fc.infiniteStream(fc.boolean()), (count, bits) => {
      const ids = Array.from({ length: count }, (_, index) => `h${index}`);
      const bad = new Set(ids.filter(() => bits.next().value === true && bits.next().value === true));
      const { state, tries } = play(ids, bad);
      assert.ok([...bad].every((id) => state.parked.has(id)));
      assert.ok([...state.parked.values()].every(({ suspect }) => !suspect));
      assert.ok(tries <= 2 * Math.log2(count) + 12);
      if (bad.size <= 1) {
        assert.equal(parkedIds(state), [...bad]);
      }
    }),
    { seed: 20261121, numRuns: 300 },
  );
});

test('suspects that a lost session left behind are searched again', () => {
  const ids = ['a', 'b', 'c', 'd'];
  const lost = refusedParking(nothing, refusal(ids.map((id) => candidate(id))));
  const { state } = play(ids, new Set(['c']), resumedParking([...lost.parked.values()]));
  assert.equal(parkedIds(state), ['c']);
});

test.run();
