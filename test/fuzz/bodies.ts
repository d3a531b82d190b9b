// SPDX-License-Identifier: Apache-2.0
/** Bodies made from a route's schema: mostly of its shape, and wrong in the ways that people and attackers are. */
import fc from 'fast-check';
import type { TSchema } from '../../schemas/index.js';

interface Schema {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly pattern?: string;
  readonly format?: string;
  readonly minimum?: number;
  readonly maximum?: number;
}

/** What readers of text stumble over. */
const HOSTILE: readonly string[] = [
  '',
  ' ',
  '\u0000',
  '\u2028',
  '\u0085',
  '\u0024{x}',
  '$uri',
  '"; alias /etc/; #',
  '/a{alias /etc/;}',
  '../../../etc/passwd',
  'http://169.254.169.254:80',
  '[::1]:80',
  'a'.repeat(5_000),
  '(a+)+$',
  '\ud83d\ude00',
  '<script>alert(1)</script>',
  '\u001b[31m',
  '1e400',
  '-1',
  '__proto__',
];

const NUMBERS: readonly number[] = [
  -1,
  0,
  0.5,
  1,
  22,
  443,
  65_535,
  65_536,
  2 ** 31,
  2 ** 53 - 1,
  -(2 ** 53 - 1),
];

const anything = fc.oneof(
  fc.constantFrom<unknown>(null, true, false, [], {}, ...HOSTILE, ...NUMBERS),
  fc.string({ maxLength: 40 }),
  fc.jsonValue({ maxDepth: 3 }),
);

/** Nearly always what `right` gives; else anything. */
const mostly = (right: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  fc.oneof({ arbitrary: right, weight: 14 }, { arbitrary: anything, weight: 1 });

function text({ pattern, format }: Schema): fc.Arbitrary<unknown> {
  const free = fc.oneof(fc.string({ maxLength: 60 }), fc.constantFrom(...HOSTILE));
  if (format === 'date-time') {
    return fc.constantFrom('2026-02-01T10:00:00.000Z', '2026-02-30T25:00:00Z', 'yesterday');
  }
  return pattern === undefined
    ? free
    : fc.oneof(
        { arbitrary: fc.stringMatching(new RegExp(pattern, 'u')), weight: 9 },
        { arbitrary: free, weight: 1 },
      );
}

function arbitrary(schema: Schema): fc.Arbitrary<unknown> {
  if (schema.const !== undefined || schema.enum) {
    return mostly(fc.constantFrom(...(schema.enum ?? [schema.const])));
  }
  if (schema.anyOf) {
    return fc.oneof(...schema.anyOf.map(arbitrary));
  }
  switch (schema.type) {
    case 'object':
      return mostly(object(schema));
    case 'array':
      return mostly(fc.array(arbitrary(schema.items ?? {}), { maxLength: 4 }));
    case 'integer':
    case 'number':
      return mostly(
        fc.oneof(
          fc.integer({ min: schema.minimum ?? 0, max: schema.maximum ?? 1_000_000 }),
          fc.constantFrom(...NUMBERS),
        ),
      );
    case 'boolean':
      return mostly(fc.boolean());
    case 'null':
      return mostly(fc.constant(null));
    case 'string':
      return mostly(text(schema));
    default:
      return anything;
  }
}

/** Members that may be missing, and now and then one that is not known. */
function object({ properties = {} }: Schema): fc.Arbitrary<unknown> {
  const known = Object.fromEntries(Object.entries(properties).map(([name, one]) => [name, arbitrary(one)]));
  return fc
    .tuple(
      fc.record(known, { requiredKeys: [] }),
      fc.option(fc.constantFrom('id', 'organization_id', 'version', 'is_admin', 'x'), { freq: 12 }),
    )
    .map(([members, extra]) => (extra === null ? members : { ...members, [extra]: 1 }));
}

export const bodiesFor = (schema: TSchema): fc.Arbitrary<unknown> => arbitrary(schema as Schema);
