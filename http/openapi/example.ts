// SPDX-License-Identifier: Apache-2.0
import { FIELDS, RESOURCES, VALUES } from './examples.js';

/** As much of JSON Schema as our own schemas use. */
interface Schema {
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly patternProperties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly minItems?: number;
  readonly pattern?: string;
  readonly format?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly default?: unknown;
}

/** The name of a schema that has one. */
type NameOf = (schema: unknown) => string | undefined;

function fits(schema: Schema, value: unknown): boolean {
  if (schema.enum) {
    return schema.enum.includes(value);
  }
  if (typeof value === 'string') {
    const { minLength = 0, maxLength = Number.POSITIVE_INFINITY, pattern = '', format } = schema;
    const long = value.length >= minLength && value.length <= maxLength;
    const dated = format !== 'date-time' || /^\d{4}-\d\d-\d\dT/.test(value);
    return schema.type === 'string' && long && dated && new RegExp(pattern, 'u').test(value);
  }
  if (typeof value === 'number') {
    const { minimum = value, maximum = value } = schema;
    const whole = schema.type === 'number' || (schema.type === 'integer' && Number.isInteger(value));
    return whole && value >= minimum && value <= maximum;
  }
  return schema.type === (Array.isArray(value) ? 'array' : typeof value);
}

/** `given` over `made`: members one by one, entries of a list each over the first that was made. */
function overlay(made: unknown, given: unknown): unknown {
  if (Array.isArray(given)) {
    return given.map((entry) => overlay(Array.isArray(made) ? made[0] : undefined, entry));
  }
  if (typeof given !== 'object' || given === null || typeof made !== 'object' || made === null) {
    return given;
  }
  const before = made as Record<string, unknown>;
  const members = Object.entries(given).map(([name, value]) => [name, overlay(before[name], value)]);
  return { ...before, ...Object.fromEntries(members) };
}

/** A value that the schema takes and that reads like a real one; undefined where none is known. */
export function exampleOf(given: unknown, nameOf: NameOf, field = ''): unknown {
  const schema = given as Schema;
  const name = nameOf(schema);
  const made = make(schema, nameOf, field);
  return name !== undefined && Object.hasOwn(RESOURCES, name) ? overlay(made, RESOURCES[name]) : made;
}

function make(schema: Schema, nameOf: NameOf, field: string): unknown {
  const hint = (Object.hasOwn(FIELDS, field) ? (FIELDS[field] ?? []) : []).find((value) =>
    fits(schema, value),
  );
  if (schema.const !== undefined) {
    return schema.const;
  }
  if (schema.anyOf) {
    const [branch] = schema.anyOf;
    return branch && exampleOf(branch, nameOf, field);
  }
  if (hint !== undefined) {
    return hint;
  }
  switch (schema.type) {
    case 'object': {
      const members = Object.entries(schema.properties ?? {}).map(([member, inner]) => [
        member,
        exampleOf(inner, nameOf, member),
      ]);
      return Object.fromEntries(members.filter(([, value]) => value !== undefined));
    }
    case 'array': {
      const entry = exampleOf(schema.items, nameOf, field.replace(/s$/, ''));
      return entry === undefined ? [] : [entry];
    }
    case 'string':
      return schema.enum?.[0] ?? schema.default ?? VALUES.find((value) => fits(schema, value));
    case 'integer':
    case 'number':
      return schema.default ?? Math.max(1, schema.minimum ?? 1);
    case 'boolean':
      return schema.default ?? false;
    default:
      return null;
  }
}
