// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import type { TSchema } from '../../schemas/index.js';

/** As much of JSON Schema as bodies and parameters are written in. */
interface Schema {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly minProperties?: number;
  readonly items?: Schema;
  readonly minItems?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly pattern?: string;
  readonly format?: string;
}

/** Texts for a property of this name, where the schema alone lets through what nothing else takes. */
export type Words = Readonly<Record<string, unknown>>;

/**
 * A value that a schema lets through: what is required, and one more where it wants any. The same schema and seed give
 * the same value; another seed gives other texts.
 */
export function sampleOf(schema: TSchema, seed = 1, words: Words = {}): unknown {
  return make(schema as Schema, seed, words);
}

function make(schema: Schema, seed: number, words: Words): unknown {
  if (schema.const !== undefined || schema.enum) {
    return schema.const ?? schema.enum?.[0];
  }
  const [branch] = schema.anyOf ?? [];
  if (branch) {
    return make(branch, seed, words);
  }
  switch (schema.type) {
    case 'object':
      return object(schema, seed, words);
    case 'array':
      return Array.from({ length: schema.minItems ?? 0 }, () => make(schema.items ?? {}, seed, words));
    case 'integer':
    case 'number':
      return schema.minimum ?? 1;
    case 'boolean':
      return true;
    case 'null':
      return null;
    case 'string':
      return text(schema, seed);
    default:
      return {};
  }
}

function object({ properties = {}, required = [], minProperties = 0 }: Schema, seed: number, words: Words) {
  const optional = Object.keys(properties).filter((name) => !required.includes(name));
  const names = [...required, ...optional.slice(0, Math.max(0, minProperties - required.length))];
  return Object.fromEntries(
    names.map((name) => [
      name,
      Object.hasOwn(words, name) ? words[name] : make(properties[name] ?? {}, seed, words),
    ]),
  );
}

function text({ pattern, format, minLength = 0, maxLength = 64 }: Schema, seed: number): string {
  if (format === 'date-time') {
    return '2026-02-01T10:00:00.000Z';
  }
  if (pattern === undefined) {
    return `w${seed}`.padEnd(minLength, 'x').slice(0, maxLength);
  }
  const fitting = fc
    .stringMatching(new RegExp(pattern, 'u'))
    .filter((one) => one.length >= minLength && one.length <= maxLength);
  return fc.sample(fitting, { numRuns: 1, seed })[0] ?? '';
}
