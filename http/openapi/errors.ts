// SPDX-License-Identifier: Apache-2.0
import { detail, ERRORS, type ErrorCode, type ErrorDetail, NxError } from '../../kernel/index.js';
import { codeIn, type Dialect, platformError } from '../dialect.js';
import { errorAnswer, problem } from '../errors.js';
import { dialectOfRoute, errorsOf, type Route } from '../route.js';
import type { Components, Json } from './components.js';
import { ERROR_SCHEMAS } from './error-schemas.js';

const FAULTS: Partial<Record<ErrorCode, ErrorDetail>> = {
  VALIDATION_ERROR: detail('server_name', 'INVALID_FORMAT', 'Invalid domain format'),
};
const facts = { requestId: 'req-abc-123', now: Date.UTC(2026, 2, 2, 12) };

/** `VALIDATION_ERROR` → `ValidationError`. */
const camel = (code: string): string =>
  code
    .split('_')
    .map((word) => word.charAt(0) + word.slice(1).toLowerCase())
    .join('');

function response(codes: readonly ErrorCode[], dialect: Dialect, { schema }: Components): Json {
  const [code = 'INTERNAL_ERROR'] = codes;
  const fault = FAULTS[code];
  const { body } = errorAnswer(
    new NxError(code, ERRORS[code].meaning, fault ? [fault] : []),
    facts.requestId,
  );
  const platform = dialect === 'platform';
  const own = platform ? platformError(body, code === 'RATE_LIMITED' ? '42' : undefined, facts) : body;
  return {
    description: codes.map((one) => `${codeIn(dialect, one)}: ${ERRORS[one].meaning}`).join('. '),
    content: {
      'application/json': {
        schema: schema(platform ? ERROR_SCHEMAS.PlatformError : ERROR_SCHEMAS.Error),
        example: own,
      },
      'application/problem+json': {
        schema: schema(ERROR_SCHEMAS.Problem),
        example: problem(body, codeIn(dialect, code)),
      },
    },
  };
}

/** Status → the answer with the codes that the route can give with it. */
export function errorResponses(one: Route, shared: Components): Json {
  const dialect = dialectOfRoute(one);
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of errorsOf(one)) {
    byStatus.set(ERRORS[code].status, [...(byStatus.get(ERRORS[code].status) ?? []), code]);
  }
  const prefix = dialect === 'platform' ? 'Platform' : '';
  return Object.fromEntries(
    [...byStatus].map(([status, codes]) => [
      status,
      shared.response(`${prefix}${codes.map(camel).join('Or')}`, () => response(codes, dialect, shared)),
    ]),
  );
}
