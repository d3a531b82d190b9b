// SPDX-License-Identifier: Apache-2.0
import { type Static, type TObject, type TProperties, type TSchema, Type } from 'typebox';

export { type Static, type TSchema, Type };

/** Every object is closed: an unknown member is an error, never ignored. */
export const closed = <P extends TProperties>(properties: P, options: object = {}): TObject<P> =>
  Type.Object(properties, { additionalProperties: false, ...options });

/** One of these words. */
export const oneOf = <T extends readonly string[]>(...values: T) =>
  Type.Unsafe<T[number]>({ type: 'string', enum: [...values] });

export const nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

export const Uuid = Type.String({
  pattern: '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$',
  maxLength: 36,
});

/** RFC 3339 in UTC. */
export const Timestamp = Type.String({ format: 'date-time', maxLength: 40 });

export const Sha256 = Type.String({ pattern: '^[0-9a-f]{64}$', maxLength: 64 });

/** Control characters, line and paragraph separators, direction overrides, halves of characters. */
const BARRED = '\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029\\u202a-\\u202e\\u2066-\\u2069\\ud800-\\udfff';

/** A name for people: no control characters, no line or paragraph separators, no direction overrides. */
export const DisplayName = Type.String({
  minLength: 1,
  maxLength: 100,
  pattern: `^[^${BARRED}]*$`,
});

/** What nobody sees: white space and marks that have no width. */
const BLANK = '\\u0020\\u00a0\\u00ad\\u1680\\u180e\\u2000-\\u200f\\u202f\\u205f\\u2060-\\u2064\\u3000\\ufeff';

/** A name that somebody gives: something of it is to be seen. Events of before that was asked for may have others. */
export const GivenName = Type.String({
  minLength: 1,
  maxLength: 100,
  pattern: `^[${BLANK}]*[^${BLANK}${BARRED}][^${BARRED}]*$`,
});

export const Slug = Type.String({ minLength: 1, maxLength: 63, pattern: '^[a-z0-9]([a-z0-9-]*[a-z0-9])?$' });

const LABEL_KEY = '^[A-Za-z0-9]([A-Za-z0-9._/-]*[A-Za-z0-9])?$';
const LABEL_VALUE = '^([A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?)?$';

const labelsOf = <T extends TSchema>(value: T) =>
  Type.Record(Type.String({ pattern: LABEL_KEY }), value, {
    additionalProperties: false,
    maxProperties: 64,
    propertyNames: { type: 'string', maxLength: 63 },
  });
const LabelValue = Type.String({ maxLength: 63, pattern: LABEL_VALUE });

export const Labels = labelsOf(LabelValue);

/** A change of labels: a value sets one, null takes one away, and those that are not named stay (RFC 7396). */
export const LabelsPatch = labelsOf(nullable(LabelValue));

/** `env=production,region=us-east`: every pair must be among the agent's labels. */
export const LabelSelector = Type.String({
  minLength: 1,
  maxLength: 1024,
  pattern: '^[A-Za-z0-9][A-Za-z0-9._/-]*=[A-Za-z0-9._-]*(,[A-Za-z0-9][A-Za-z0-9._/-]*=[A-Za-z0-9._-]*)*$',
});

export const Port = Type.Integer({ minimum: 1, maximum: 65535 });

/** Positions and revisions are decimal strings in JSON, because a JSON number loses digits. */
export const Decimal = Type.String({ pattern: '^[0-9]{1,20}$', maxLength: 20 });

/** Free text that came from outside (nginx's words, an agent's error): bounded, shown as data. */
export const Words = Type.String({ maxLength: 2048 });
