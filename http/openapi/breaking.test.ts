// SPDX-License-Identifier: Apache-2.0
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { breakingChanges, type Description } from './breaking.js';

// biome-ignore lint/suspicious/noExplicitAny: a description that each case changes at one place
type Changeable = any;

const base = (): Changeable => ({
  paths: {
    '/v1/things/{id}': {
      patch: {
        security: [],
        parameters: [
          { name: 'id', in: 'path', required: true, schema: { type: 'string' } },
          { name: 'sort', in: 'query', required: false, schema: { type: 'string', enum: ['a', 'b'] } },
        ],
        requestBody: {
          required: true,
          content: { 'application/json': { schema: { $ref: '#/components/schemas/Update' } } },
        },
        responses: {
          200: { content: { 'application/json': { schema: { $ref: '#/components/schemas/Thing' } } } },
          404: { content: {} },
        },
      },
    },
  },
  components: {
    schemas: {
      Update: {
        type: 'object',
        properties: { name: { type: 'string' }, kind: { type: 'string', enum: ['x', 'y'] } },
        required: ['name'],
      },
      Thing: {
        type: 'object',
        properties: {
          name: { type: 'string' },
          state: { type: 'string', enum: ['on', 'off'] },
          note: { anyOf: [{ type: 'string' }, { type: 'null' }] },
          parts: { type: 'array', items: { type: 'object', properties: { size: { type: 'integer' } } } },
        },
        required: ['name', 'state'],
      },
    },
  },
});

function after(change: (one: Changeable, operation: Changeable, schemas: Changeable) => void): string[] {
  const changed = base();
  change(changed, changed.paths['/v1/things/{id}'].patch, changed.components.schemas);
  return breakingChanges(base() as Description, changed as Description);
}

const AT = 'PATCH /v1/things/{id}';

test('the same description breaks nothing', () => {
  assert.equal(
    after(() => undefined),
    [],
  );
});

test('what only adds breaks nothing', () => {
  const faults = after((one, operation, schemas) => {
    one.paths['/v1/more'] = { get: { responses: {} } };
    operation.parameters.push({ name: 'page', in: 'query', required: false, schema: { type: 'integer' } });
    operation.responses[202] = { content: {} };
    schemas.Update.properties.extra = { type: 'string' };
    schemas.Update.properties.kind.enum.push('z');
    schemas.Update.required = [];
    schemas.Thing.properties.extra = { type: 'string' };
    schemas.Thing.properties.parts.items.properties.more = { type: 'string' };
  });
  assert.equal(faults, []);
});

const [ALL, SOME] = [
  { type: 'object', properties: { type: { const: 'all' } }, required: ['type'] },
  { type: 'object', properties: { type: { const: 'some' }, ids: { type: 'array' } }, required: ['type'] },
];
const nullable = (schema: object) => ({ anyOf: [schema, { type: 'null' }] });

/** The same member of what is taken and of what is answered, as it was and as it is. */
function between(was: object, is: object): { taken: string[]; answered: string[] } {
  const [older, newer] = [base(), base()];
  for (const [document, schema] of [
    [older, was],
    [newer, is],
  ]) {
    document.components.schemas.Either = { anyOf: [ALL, SOME] };
    document.components.schemas.Update.properties.it = schema;
    document.components.schemas.Thing.properties.it = schema;
  }
  const faults = breakingChanges(older as Description, newer as Description);
  const of = (where: string): string[] =>
    faults
      .filter((one) => one.startsWith(`${AT} ${where}.it`))
      .map((one) => one.slice(`${AT} ${where}.it`.length));
  return { taken: of('body'), answered: of('200') };
}

const EITHER = { $ref: '#/components/schemas/Either' };
const NONE: string[] = [];

for (const [what, narrow, wide, lost] of [
  ['null beside a union elsewhere', EITHER, nullable(EITHER), 'null'],
  ['null beside a union written out', { anyOf: [ALL, SOME] }, nullable(EITHER), 'null'],
  ['a list of types', { type: 'string' }, { type: ['string', 'null'] }, 'null'],
  [
    'a list of types and a union',
    nullable({ type: 'string' }),
    { type: ['string', 'null', 'boolean'] },
    'boolean',
  ],
  ['one of several', ALL, { oneOf: [ALL, SOME] }, 'object with type=some'],
  ['a union of unions', nullable(ALL), { anyOf: [nullable(ALL), SOME] }, 'object with type=some'],
] as const) {
  test(`unions: ${what}`, () => {
    assert.equal(between(narrow, narrow), { taken: NONE, answered: NONE });
    assert.equal(between(wide, wide), { taken: NONE, answered: NONE });
    assert.equal(between(narrow, wide), { taken: NONE, answered: [`: ${lost} is new among the answers`] });
    assert.equal(between(wide, narrow), { taken: [`: ${lost} is not taken any more`], answered: NONE });
  });
}

test('unions: whole numbers are numbers, anything is taken where nothing is said', () => {
  const [integer, number] = [{ type: 'integer' }, { type: 'number' }];
  assert.equal(between(integer, number), { taken: NONE, answered: [': was integer and is number'] });
  assert.equal(between(number, integer), { taken: [': was number and is integer'], answered: NONE });
  assert.equal(between(EITHER, {}).taken, NONE);
  assert.equal(between({}, EITHER).answered, NONE);
});

test('unions: listed values may stand in one list or in branches', () => {
  const list = { type: 'string', enum: ['a', 'b'] };
  const branches = {
    anyOf: [{ type: 'string', const: 'a' }, { type: 'string', const: 'b' }, { type: 'null' }],
  };
  assert.equal(between(nullable(list), branches), { taken: NONE, answered: NONE });
  assert.equal(between(branches, nullable({ type: 'string', enum: ['a'] })), {
    taken: [': b is not taken any more'],
    answered: [': the value b is gone'],
  });
});

test('unions: what a branch loses is found inside', () => {
  const less = { ...SOME, properties: { type: { const: 'some' } } };
  const fault = ['.ids: is gone'];
  assert.equal(between(nullable(EITHER), { anyOf: [{ type: 'null' }, ALL, less] }), {
    taken: fault,
    answered: fault,
  });
});

for (const [what, change, fault] of [
  ['a path that is gone', (one) => delete one.paths['/v1/things/{id}'], `${AT}: is gone`],
  ['a parameter that is gone', (_, op) => op.parameters.pop(), `${AT}: parameter query sort is gone`],
  [
    'a parameter that is needed now',
    (_, op) => (op.parameters[1].required = true),
    `${AT}: parameter query sort is required now`,
  ],
  [
    'a new parameter that is needed',
    (_, op) => op.parameters.push({ name: 'n', in: 'query', required: true }),
    `${AT}: parameter query n is required now`,
  ],
  [
    'a value of a parameter that is gone',
    (_, op) => op.parameters[1].schema.enum.pop(),
    `${AT} query sort: b is not taken any more`,
  ],
  [
    'a field of the body that is gone',
    (_, __, s) => delete s.Update.properties.kind,
    `${AT} body.kind: is gone`,
  ],
  [
    'a field of the body that is needed now',
    (_, __, s) => s.Update.required.push('kind'),
    `${AT} body.kind: is required now`,
  ],
  [
    'a value of the body that is gone',
    (_, __, s) => s.Update.properties.kind.enum.shift(),
    `${AT} body.kind: x is not taken any more`,
  ],
  [
    'a free field that became a list of values',
    (_, __, s) => (s.Update.properties.name.enum = ['only']),
    `${AT} body.name: anything else is not taken any more`,
  ],
  [
    'another type',
    (_, __, s) => (s.Thing.properties.name.type = 'integer'),
    `${AT} 200.name: was string and is integer`,
  ],
  [
    'a field of the answer that is gone',
    (_, __, s) => delete s.Thing.properties.note,
    `${AT} 200.note: is gone`,
  ],
  [
    'a field deep inside',
    (_, __, s) => delete s.Thing.properties.parts.items.properties.size,
    `${AT} 200.parts[].size: is gone`,
  ],
  [
    'a field that may be missing now',
    (_, __, s) => s.Thing.required.pop(),
    `${AT} 200.state: may be left out now`,
  ],
  [
    'a value of the answer that is gone',
    (_, __, s) => s.Thing.properties.state.enum.pop(),
    `${AT} 200.state: the value off is gone`,
  ],
  [
    'an answer that may be null now',
    (_, __, s) => (s.Thing.properties.name = { anyOf: [{ type: 'string' }, { type: 'null' }] }),
    `${AT} 200.name: null is new among the answers`,
  ],
  [
    'credentials that are needed now',
    (_, op) => op.security.push({ bearer: [] }),
    `${AT}: needs credentials now`,
  ],
  ['a status that is gone', (_, op) => delete op.responses[200], `${AT}: does not answer 200 any more`],
] as [string, (one: Changeable, operation: Changeable, schemas: Changeable) => unknown, string][]) {
  test(`named: ${what}`, () => {
    assert.equal(
      after((...given) => void change(...given)),
      [fault],
    );
  });
}

test.run();
