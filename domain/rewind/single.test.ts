// SPDX-License-Identifier: Apache-2.0
/** Taking one change of a version back leaves what the others alone would have left, or is refused. */
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { ConfigCause, Upstream, WorkspaceEvent } from '../../schemas/index.js';
import { initial } from '../config/state.js';
import { singleOut } from './single.js';
import { planUndo } from './undo.js';

const FIELDS = ['name', 'algorithm', 'keepalive_connections'] as const;
type Values = Partial<Record<(typeof FIELDS)[number], string>>;

const patch = fc.dictionary(fc.constantFrom(...FIELDS), fc.constantFrom('1', '2', '3'), { minKeys: 1 });
const step = fc.record({ id: fc.constantFrom('a', 'b'), patch, chosen: fc.boolean() });

const base = { name: '0', algorithm: '0', keepalive_connections: '0' };
const resource = (id: string, values: Values): Upstream => ({ id, ...values }) as unknown as Upstream;

/** What stands after the patches, and the events that say so. */
function replay(steps: readonly { id: string; patch: Values }[]) {
  const state: Record<string, Values> = { a: base, b: base };
  const events = steps.map(({ id, patch: values }, index) => {
    state[id] = { ...state[id], ...values };
    const upstream = resource(id, state[id]);
    return {
      id: String(index),
      type: 'upstream.updated',
      data: { upstream, changed: [] },
    } as unknown as WorkspaceEvent;
  });
  return { state, events };
}

/** The steps without what stood already: no event says that. */
function effective<S extends { id: string; patch: Values }>(steps: readonly S[]): S[] {
  const state: Record<string, Values> = { a: base, b: base };
  return steps.flatMap((one) => {
    const values = Object.entries(one.patch).filter(
      ([field, value]) => state[one.id]?.[field as 'name'] !== value,
    );
    state[one.id] = { ...state[one.id], ...one.patch };
    return values.length === 0 ? [] : [{ ...one, patch: Object.fromEntries(values) }];
  });
}

test('as if the chosen had never been, where nobody changed the same fields after them', () => {
  let [done, refused] = [0, 0];
  const property = fc.property(fc.array(step, { minLength: 1, maxLength: 8 }), (wanted) => {
    const steps = effective(wanted);
    const { state, events } = replay(steps);
    const causes = events.map(
      ({ id }, n) => ({ event_id: id, resource_id: steps[n]?.id, changed: [] }) as unknown as ConfigCause,
    );
    const before = initial();
    before.upstreams.set('a', resource('a', base));
    before.upstreams.set('b', resource('b', base));
    const { own, later } = singleOut(
      1,
      before,
      causes,
      events,
      ({ event_id }) => steps[Number(event_id)]?.chosen === true,
    );
    const { changes, problems } = planUndo(own, later);
    const changedLater = steps.some(
      ({ id, patch: values, chosen }, n) =>
        !chosen &&
        steps
          .slice(0, n)
          .some(
            (one) =>
              one.chosen && one.id === id && FIELDS.some((field) => field in values && field in one.patch),
          ),
    );
    const conflicting = problems.filter(({ code }) => code === 'CHANGED_LATER');
    if (conflicting.length > 0) {
      assert.ok(changedLater);
      refused += 1;
      return;
    }
    done += 1;
    for (const change of changes) {
      assert.ok('set' in change);
      for (const [field, value] of Object.entries(change.expect)) {
        assert.is(state[change.id]?.[field as 'name'], value, 'what is expected stands');
      }
      state[change.id] = { ...state[change.id], ...change.set };
    }
    if (!changedLater) {
      assert.equal(state, replay(steps.filter(({ chosen }) => !chosen)).state);
    }
  });
  fc.assert(property, { seed: 5, numRuns: 1_000 });
  assert.ok(done > 100 && refused > 100, `${done} ${refused}`);
});

test('all of them are the version', () => {
  const steps = [
    { id: 'a', patch: { name: '1' } },
    { id: 'a', patch: { name: '0', algorithm: '2' } },
  ];
  const { events } = replay(steps);
  const causes = events.map(
    ({ id }) => ({ event_id: id, resource_id: 'a', changed: [] }) as unknown as ConfigCause,
  );
  const before = initial();
  before.upstreams.set('a', resource('a', base));
  const { own, later } = singleOut(1, before, causes, events, () => true);
  assert.equal(later, []);
  assert.equal(
    own.resources.map(({ fields }) => fields),
    [['algorithm']],
  );
});

const after = (n: number, values: Values | undefined): WorkspaceEvent =>
  ({
    id: String(n),
    type: values ? 'upstream.updated' : 'upstream.deleted',
    data: values ? { upstream: resource('a', values), changed: [] } : { upstream_id: 'a', name: 'a' },
  }) as unknown as WorkspaceEvent;
const all = (from: Values | undefined, ...steps: readonly (Values | undefined)[]) => {
  const before = initial();
  if (from) {
    before.upstreams.set('a', resource('a', from));
  }
  const events = steps.map((values, n) => after(n, values));
  const causes = events.map(
    ({ id }) => ({ event_id: id, resource_id: 'a', changed: [] }) as unknown as ConfigCause,
  );
  return singleOut(1, before, causes, events, () => true).own.resources;
};
const seen = (values: Values | undefined) => values && { id: 'a', ...values };

test('several of one resource come to one change, also where it goes or comes between them', () => {
  const changed = { ...base, name: '1' };
  const parts = (resources: ReturnType<typeof all>) =>
    resources.map(({ before, after: now, fields }) => ({ before, after: now, fields }));
  assert.equal(parts(all(base, changed, undefined)), [
    { before: seen(base), after: null, fields: ['algorithm', 'id', 'keepalive_connections', 'name'] },
  ]);
  assert.equal(parts(all(base, undefined, changed)), [
    { before: seen(base), after: seen(changed), fields: ['name'] },
  ]);
  assert.equal(all(undefined, base, undefined), [], 'it came and went');
  assert.equal(all(base, undefined, base), [], 'it went and came back as it was');
});

test.run();
