// SPDX-License-Identifier: Apache-2.0
import { canonicalJson } from '../../kernel/index.js';
import * as schemas from '../../schemas/index.js';
import { ERROR_SCHEMAS } from './error-schemas.js';
import { exampleOf } from './example.js';

export type Json = { readonly [key: string]: unknown };

/** What operations share: each is written once and referred to. */
export interface Components {
  /** The schema with every part that has a name replaced by a reference. */
  schema(schema: unknown): unknown;
  header(name: string, header: Json): Json;
  response(name: string, make: () => Json): Json;
  example(schema: unknown): unknown;
  /** All that was referred to, in the order of their names. */
  all(): { readonly schemas: Json; readonly headers: Json; readonly responses: Json };
}

/** JSON text of each named schema → its name. What the schemas' room exports by name is named so here. */
function schemaNames(): Map<string, string> {
  const named = Object.entries({ ...schemas, ...ERROR_SCHEMAS }).filter(
    ([name, value]) =>
      /^[A-Z][A-Za-z0-9]+$/.test(name) &&
      typeof value === 'object' &&
      value !== null &&
      ('type' in value || 'anyOf' in value) &&
      '~kind' in value,
  );
  return new Map(named.map(([name, value]) => [canonicalJson(value), name]));
}

export function components(): Components {
  const names = schemaNames();
  const used: Record<'schemas' | 'headers' | 'responses', Record<string, unknown>> = {
    schemas: {},
    headers: {},
    responses: {},
  };
  const nameOf = (schema: unknown): string | undefined => names.get(canonicalJson(schema));
  const refer = (kind: keyof typeof used, name: string, make: () => unknown): Json => {
    if (!(name in used[kind])) {
      // Noted before it is made, so that one that holds itself ends.
      used[kind][name] = null;
      used[kind][name] = make();
    }
    return { $ref: `#/components/${kind}/${name}` };
  };

  function schema(part: unknown): unknown {
    if (typeof part !== 'object' || part === null) {
      return part;
    }
    if (Array.isArray(part)) {
      return part.map(schema);
    }
    const inside = (): unknown =>
      Object.fromEntries(Object.entries(part).map(([key, inner]) => [key, schema(inner)]));
    const name = nameOf(part);
    return name === undefined ? inside() : refer('schemas', name, inside);
  }

  return {
    schema,
    header: (name, header) => refer('headers', name, () => header),
    response: (name, make) => refer('responses', name, make),
    example: (one) => exampleOf(one, nameOf),
    all: () => ({
      schemas: sorted(used.schemas),
      headers: sorted(used.headers),
      responses: sorted(used.responses),
    }),
  };
}

const sorted = (members: Json): Json =>
  Object.fromEntries(Object.entries(members).sort(([a], [b]) => (a < b ? -1 : 1)));
