// SPDX-License-Identifier: Apache-2.0
import { ERRORS, type ErrorCode } from '../../kernel/index.js';
import * as schemas from '../../schemas/index.js';
import { codeIn } from '../dialect.js';

const { closed, oneOf, Type } = schemas;
const CODES = Object.keys(ERRORS) as ErrorCode[];
const text = Type.String();
const detailFields = { field: text, message: text, code: text };

const ErrorSchema = closed({
  error: closed({
    code: oneOf(...CODES),
    message: text,
    request_id: text,
    details: Type.Array(closed(detailFields)),
  }),
});

const PlatformErrorSchema = closed({
  success: Type.Literal(false),
  error: closed({
    code: oneOf(...new Set(CODES.map((code) => codeIn('platform', code)))),
    message: text,
    retry_after: Type.Optional(Type.Integer()),
    details: closed({
      field: Type.Optional(text),
      reason: Type.Optional(text),
      errors: Type.Optional(Type.Array(closed({ field: text, reason: text, code: text }))),
    }),
  }),
  timestamp: schemas.Timestamp,
  request_id: text,
});

const ProblemSchema = closed({
  type: text,
  title: text,
  status: Type.Integer(),
  detail: text,
  instance: text,
  code: text,
  request_id: text,
  errors: Type.Array(closed(detailFields)),
});

export const ERROR_SCHEMAS = {
  Error: ErrorSchema,
  PlatformError: PlatformErrorSchema,
  Problem: ProblemSchema,
};
