// SPDX-License-Identifier: Apache-2.0
import { detail, type ErrorDetail, invalid } from '../kernel/index.js';
import { closed, type TSchema, type Validator, validator } from '../schemas/index.js';

interface PropertySchema {
  readonly type?: string;
}

const WHOLE = /^-?(0|[1-9][0-9]{0,15})$/;

/** A query value is text; what the schema calls an integer or a boolean becomes one if it is written as one. */
function typed(value: string, schema: PropertySchema | undefined): unknown {
  if (schema?.type === 'integer' && WHOLE.test(value)) {
    return Number(value);
  }
  if (schema?.type === 'boolean' && (value === 'true' || value === 'false')) {
    return value === 'true';
  }
  return value;
}

export type QueryReader = (text: string) => Record<string, unknown>;

/** VALIDATION_ERROR for unknown parameters, repeated ones, and what the schema refuses. */
export function queryReader(schema: TSchema | undefined): QueryReader {
  const check: Validator<unknown> = validator(schema ?? closed({}));
  const properties =
    (schema as { properties?: Record<string, PropertySchema> } | undefined)?.properties ?? {};
  return (text) => {
    const query: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
    const repeated: ErrorDetail[] = [];
    for (const [name, value] of new URLSearchParams(text)) {
      if (Object.hasOwn(query, name)) {
        repeated.push(detail(name.slice(0, 200), 'DUPLICATE', 'Must be given once'));
      }
      query[name] = typed(value, Object.hasOwn(properties, name) ? properties[name] : undefined);
    }
    const result = check(query);
    if (!result.ok || repeated.length > 0) {
      throw invalid([...repeated.slice(0, 20), ...(result.ok ? [] : result.details)]);
    }
    return query;
  };
}
