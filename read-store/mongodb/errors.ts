// SPDX-License-Identifier: Apache-2.0
import {
  MongoBulkWriteError,
  MongoCompatibilityError,
  MongoDriverError,
  MongoInvalidArgumentError,
  MongoMissingCredentialsError,
  MongoMissingDependencyError,
  MongoNetworkError,
  MongoParseError,
  MongoServerError,
  MongoSystemError,
} from 'mongodb';
import { StoreUnavailable, StoreUnusable } from '../errors.js';

/** https://github.com/mongodb/mongo/blob/master/src/mongo/base/error_codes.yml */
const [UNAUTHORIZED, AUTHENTICATION_FAILED] = [13, 18];
/** Of the server itself: over time, out of space, stepping down, shutting down, a conflict that outlived its retries. */
const PASSING = new Set([
  6, 7, 24, 46, 50, 64, 84, 89, 91, 100, 112, 133, 134, 189, 225, 226, 244, 251, 262, 263, 358, 9001, 10058,
  10107, 11600, 11602, 13388, 13435, 13436, 14031, 17280,
]);
const PASSING_LABELS = ['RetryableWriteError', 'TransientTransactionError', 'RetryableError', 'ResetPool'];

/** The pool was cleared, the client closed, the network went away, no server was found in time. */
const PASSING_KINDS = [MongoNetworkError, MongoSystemError, MongoDriverError];
/** A server of another age, or a way in that we do not have. */
const UNFIT = [MongoCompatibilityError, MongoMissingCredentialsError, MongoMissingDependencyError];

export const DUPLICATE_KEY = 11_000;
export const NAMESPACE_EXISTS = 48;

export const hasCode = (error: unknown, code: number): boolean =>
  error instanceof MongoServerError && error.code === code;

/** Messages of the driver may repeat a connection string: who reads a log need not see its password. */
export const withoutSecrets = (text: string): string => text.replace(/\/\/[^@/\s]*@/g, '//[redacted]@');

const isPassing = (error: MongoServerError): boolean =>
  PASSING.has(Number(error.code)) || PASSING_LABELS.some((label) => error.hasErrorLabel(label));

/**
 * What an error of the driver means to us. Anything else is a mistake in our own requests (a document over the
 * server's 16 MiB, say) and stays as it is. `where`: the servers' names, without credentials.
 */
export function translate(where: string, error: unknown): unknown {
  if (!(error instanceof Error)) {
    return error;
  }
  const message = `${where}: ${withoutSecrets(error.message)}`;
  if (error instanceof MongoBulkWriteError && (error.errorResponse as unknown) instanceof Error) {
    // A bulk that broke off because the connection did.
    return translate(where, error.errorResponse);
  }
  if (error instanceof MongoServerError) {
    if (error.code === UNAUTHORIZED || error.code === AUTHENTICATION_FAILED) {
      return new StoreUnusable('unreadable', message, { cause: error });
    }
    return isPassing(error) ? new StoreUnavailable(message, { cause: error }) : error;
  }
  if (UNFIT.some((kind) => error instanceof kind)) {
    return new StoreUnusable('unreadable', message, { cause: error });
  }
  const mistake = error instanceof MongoInvalidArgumentError || error instanceof MongoParseError;
  const passing = PASSING_KINDS.some((kind) => error instanceof kind) && !mistake;
  return passing ? new StoreUnavailable(message, { cause: error }) : error;
}
