// SPDX-License-Identifier: Apache-2.0
import { ERRORS, type ErrorCode, type ErrorDetail, NxError, Outage } from '../kernel/index.js';

/** An error whose answer needs header fields of its own. */
export class HttpError extends NxError {
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    code: ErrorCode,
    message: string,
    headers: Readonly<Record<string, string>>,
    details: readonly ErrorDetail[] = [],
  ) {
    super(code, message, details);
    this.name = 'HttpError';
    this.headers = headers;
  }
}

export interface ErrorBody {
  readonly error: {
    readonly code: ErrorCode;
    readonly message: string;
    readonly request_id: string;
    readonly details: readonly ErrorDetail[];
  };
}

export interface ErrorAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: ErrorBody;
}

/** Header fields that belong to a code, wherever it was thrown. */
const HEADERS: Partial<Record<ErrorCode, Readonly<Record<string, string>>>> = {
  UNAUTHORIZED: { 'WWW-Authenticate': 'Bearer realm="nxmesh"' },
  // Where no window is known that ends: what is full now will not be for long.
  RATE_LIMITED: { 'Retry-After': '1' },
  SERVICE_UNAVAILABLE: { 'Retry-After': '1' },
};

/**
 * The one mapping from what was thrown to what is answered. What is not an `NxError` is INTERNAL_ERROR, or
 * SERVICE_UNAVAILABLE for an outage, with nothing of it in the answer. Every NOT_FOUND reads the same, so that a foreign id cannot be told from a random one.
 */
export function errorAnswer(error: unknown, requestId: string): ErrorAnswer {
  const known = error instanceof NxError ? error : undefined;
  const code = known?.code ?? (error instanceof Outage ? 'SERVICE_UNAVAILABLE' : 'INTERNAL_ERROR');
  const plain = code === 'NOT_FOUND' || code === 'INTERNAL_ERROR';
  return {
    status: ERRORS[code].status,
    headers: { ...HEADERS[code], ...(error instanceof HttpError ? error.headers : {}) },
    body: {
      error: {
        code,
        message: plain || !known ? ERRORS[code].meaning : known.message,
        request_id: requestId,
        details: plain || !known ? [] : known.details,
      },
    },
  };
}

/** The same as RFC 9457 has it, with the members of ours beside its own. */
export const problem = ({ error }: ErrorBody, code: string): object => ({
  type: `urn:nxmesh:error:${code}`,
  title: ERRORS[error.code].meaning,
  status: ERRORS[error.code].status,
  detail: error.message,
  instance: `urn:nxmesh:request:${error.request_id}`,
  code,
  request_id: error.request_id,
  errors: error.details,
});
