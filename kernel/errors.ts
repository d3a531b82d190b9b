// SPDX-License-Identifier: Apache-2.0
/** One thing wrong with a request; `field` is a path such as `locations[0].path`. */
export interface ErrorDetail {
  readonly field: string;
  readonly message: string;
  readonly code: string;
}

/**
 * The error catalogue: every code that an API answer may carry, its HTTP status and what it means.
 * The first eight are those of the NxMesh API; the rest are needed by what it leaves open.
 * `docs/errors.md` lists the same codes, which a test compares.
 */
export const ERRORS = {
  UNAUTHORIZED: { status: 401, meaning: 'Authentication required or invalid credentials' },
  FORBIDDEN: { status: 403, meaning: 'Insufficient permissions' },
  NOT_FOUND: { status: 404, meaning: 'Resource not found' },
  VALIDATION_ERROR: { status: 422, meaning: 'Request validation failed' },
  CONFLICT: { status: 409, meaning: 'Resource conflict (e.g., duplicate slug)' },
  RATE_LIMITED: { status: 429, meaning: 'Too many requests' },
  INTERNAL_ERROR: { status: 500, meaning: 'Server internal error' },
  SERVICE_UNAVAILABLE: { status: 503, meaning: 'Service temporarily unavailable' },
  BAD_REQUEST: { status: 400, meaning: 'The request is not well-formed HTTP or JSON' },
  METHOD_NOT_ALLOWED: { status: 405, meaning: 'The resource does not have this method' },
  NOT_ACCEPTABLE: { status: 406, meaning: 'The answer has none of the types that Accept names' },
  REQUEST_TIMEOUT: { status: 408, meaning: 'The request did not arrive in time' },
  PRECONDITION_FAILED: { status: 412, meaning: 'If-Match names another revision than the current one' },
  PAYLOAD_TOO_LARGE: { status: 413, meaning: 'The body is larger than allowed' },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, meaning: 'The body is not application/json' },
  HEADERS_TOO_LARGE: { status: 431, meaning: 'The header fields are larger or more than allowed' },
  IDEMPOTENCY_MISMATCH: { status: 422, meaning: 'The Idempotency-Key was used before with another request' },
} as const satisfies Record<string, { status: number; meaning: string }>;

export type ErrorCode = keyof typeof ERRORS;

/** An error that may be shown to the caller: its message and details carry nothing internal. */
export class NxError extends Error {
  readonly code: ErrorCode;
  readonly details: readonly ErrorDetail[];

  /** `cause`: for our own log only, never shown. */
  constructor(code: ErrorCode, message: string, details: readonly ErrorDetail[] = [], cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.name = 'NxError';
    this.code = code;
    this.details = details;
  }

  get status(): number {
    return ERRORS[this.code].status;
  }
}

export const detail = (field: string, code: string, message: string): ErrorDetail => ({
  field,
  message,
  code,
});

export const notFound = (what: string): NxError => new NxError('NOT_FOUND', `${what} not found`);

export const conflict = (message: string, details: readonly ErrorDetail[] = []): NxError =>
  new NxError('CONFLICT', message, details);

export const invalid = (details: readonly ErrorDetail[]): NxError =>
  new NxError('VALIDATION_ERROR', 'Request validation failed', details);

/** `cause` is what is out of reach, in words that only our own log gets. */
export const unavailable = (message: string, cause?: unknown): NxError =>
  new NxError('SERVICE_UNAVAILABLE', message, [], cause);
