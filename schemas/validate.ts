// SPDX-License-Identifier: Apache-2.0
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import type { Static, TSchema } from 'typebox';
import { detail, type ErrorDetail } from '../kernel/index.js';

const MAX_DETAILS = 50;
/** Faults looked at: a hostile value has one in each of its parts, and of unions every pair is compared. */
const MAX_FAULTS = 500;

const rfc3339 = addFormats.default.get('date-time') as { validate(text: string): boolean };
const [FIRST, LAST] = [Date.parse('0000-01-01T00:00:00Z'), Date.parse('9999-12-31T23:59:59.999Z')];
/** Nothing here can reckon with a leap second, nor write a time that is of no year of four digits in UTC. */
const isTime = (text: string): boolean =>
  rfc3339.validate(text) && Date.parse(text) >= FIRST && Date.parse(text) <= LAST;

// `$data` stays off and every string is bounded by its schema, so that no input chooses a pattern.
const ajvOf = (allErrors: boolean): Ajv2020 =>
  new Ajv2020({ strict: true, strictTypes: false, allErrors, formats: { 'date-time': isTime } });
const ajv = ajvOf(true);
const ajvFirst = ajvOf(false);

export type Validation<T> = { ok: true; value: T } | { ok: false; details: ErrorDetail[] };
export type Validator<T> = (value: unknown) => Validation<T>;

/** `/locations/0/path` → `locations[0].path`. */
function fieldPath(pointer: string, member?: string): string {
  const parts = pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  if (member !== undefined) {
    parts.push(member);
  }
  return parts
    .map((part, index) => (/^[0-9]+$/.test(part) ? `[${part}]` : index === 0 ? part : `.${part}`))
    .join('');
}

/** What each keyword of JSON Schema means to the caller: the detail's code and words. */
function describe(error: ErrorObject): ErrorDetail {
  const params = error.params as Record<string, unknown>;
  const at = fieldPath(error.instancePath);
  switch (error.keyword) {
    case 'additionalProperties':
    case 'unevaluatedProperties':
      return detail(
        fieldPath(error.instancePath, String(params['additionalProperty'])).slice(0, 200),
        'UNKNOWN_FIELD',
        'Unknown field',
      );
    case 'required':
      return detail(fieldPath(error.instancePath, String(params['missingProperty'])), 'REQUIRED', 'Required');
    case 'type':
      return detail(at, 'INVALID_TYPE', `Must be ${String(params['type'])}`);
    case 'enum':
      return detail(
        at,
        'INVALID_VALUE',
        `Must be one of: ${(params['allowedValues'] as unknown[]).join(', ')}`,
      );
    case 'const':
      return detail(at, 'INVALID_VALUE', `Must be ${JSON.stringify(params['allowedValue'])}`);
    case 'minimum':
    case 'maximum':
      return detail(at, 'OUT_OF_RANGE', `Must be ${String(params['comparison'])} ${String(params['limit'])}`);
    case 'maxLength':
    case 'maxItems':
    case 'maxProperties':
      return detail(at, 'TOO_LONG', `Must have at most ${String(params['limit'])}`);
    case 'minLength':
    case 'minItems':
    case 'minProperties':
      return detail(at, 'TOO_SHORT', `Must have at least ${String(params['limit'])}`);
    case 'uniqueItems':
      return detail(at, 'DUPLICATE', 'Must not name anything twice');
    default:
      return detail(at, 'INVALID_FORMAT', 'Invalid format');
  }
}

/** Of a union's branches only the one that fits best is worth telling: the errors that lie deepest. */
function relevant(errors: readonly ErrorObject[]): ErrorObject[] {
  const unions = errors.filter((error) => error.keyword === 'anyOf');
  return errors.filter((error) => {
    if (error.keyword === 'anyOf') {
      return false;
    }
    const union = unions.find((candidate) => error.schemaPath.startsWith(candidate.schemaPath));
    if (!union) {
      return true;
    }
    const branches = errors.filter(
      (other) => other !== union && other.schemaPath.startsWith(union.schemaPath),
    );
    const branchOf = (other: ErrorObject) =>
      other.schemaPath.slice(union.schemaPath.length).split('/')[1] ?? '';
    const mismatched = new Set(
      branches
        .filter((other) => other.instancePath === union.instancePath && other.keyword === 'type')
        .concat(branches.filter((other) => other.keyword === 'const'))
        .map(branchOf),
    );
    const fitting = branches.filter((other) => !mismatched.has(branchOf(other)));
    return fitting.length === 0 ? error === branches[0] : !mismatched.has(branchOf(error));
  });
}

/**
 * Compiles a schema once; the validator tells every fault with its field, in a fixed order. Where nobody is to mend his
 * input the first fault is enough: a union's wrong branches then cost next to nothing.
 */
export function validator<S extends TSchema>(
  schema: S,
  faults: 'all' | 'first' = 'all',
): Validator<Static<S>> {
  const check: ValidateFunction = (faults === 'all' ? ajv : ajvFirst).compile(schema);
  return (value) => {
    if (check(value)) {
      return { ok: true, value: value as Static<S> };
    }
    const details = relevant((check.errors ?? []).slice(0, MAX_FAULTS)).map(describe);
    const unique = new Map(details.map((one) => [`${one.field}\n${one.code}`, one]));
    return { ok: false, details: [...unique.values()].slice(0, MAX_DETAILS) };
  };
}
