// SPDX-License-Identifier: Apache-2.0
import { ErrorType, isCommandError, WrongExpectedVersionError } from '@eventstore/db-client';
import { errorMessage } from '../../kernel/index.js';
import { AppendTooLarge, InvalidEvent } from '../outgoing.js';
import { type Expected, LogDamaged, Unavailable, UnknownEvent, VersionConflict } from '../port.js';

/** The server knows us and says no, or does not know us: asking again does not help, a person must look. */
export class AccessRefused extends Unavailable {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'AccessRefused';
  }
}

/** gRPC statuses. */
const INVALID_ARGUMENT = 3;
const PERMISSION_DENIED = 7;
const UNAUTHENTICATED = 16;

/** What is already in the words of the port. */
const OURS = [InvalidEvent, VersionConflict, Unavailable, UnknownEvent, LogDamaged];

/**
 * What the client rejects with, in the words of the port. Whatever does not say for certain that nothing happened is
 * `Unavailable`: down, not leader, too late, cancelled and all that the client does not know either.
 */
export function inPortWords(error: unknown, what: string): Error {
  if (!(error instanceof Error)) {
    return new Unavailable(`EventStoreDB, ${what}: ${errorMessage(error)}`);
  }
  if (OURS.some((kind) => error instanceof kind)) {
    return error;
  }
  const cause = { cause: error };
  const code = codeOf(error);
  // Some of the client's errors have an empty message.
  const said = `EventStoreDB, ${what}: ${error.message || typeOf(error)}`;
  switch (typeOf(error)) {
    case ErrorType.ACCESS_DENIED:
      return new AccessRefused(`${said}; look at the user, the password and the access list`, cause);
    case ErrorType.STREAM_DELETED:
      return new LogDamaged(`${said}; the log's streams are never deleted`);
    case ErrorType.NOT_LEADER:
      return new Unavailable(`${said}; another node leads`, cause);
    default:
      if (code === PERMISSION_DENIED || code === UNAUTHENTICATED) {
        return new AccessRefused(said, cause);
      }
      return code === INVALID_ARGUMENT ? new LogDamaged(said) : new Unavailable(said, cause);
  }
}

/** The same for an append, which may also be in conflict or too large. */
export function refusedAppend(error: unknown, stream: string, expected: Expected): Error {
  if (error instanceof WrongExpectedVersionError) {
    const actual = error.actualVersion;
    return new VersionConflict(stream, expected, actual === 'no_stream' ? 'none' : actual);
  }
  if (error instanceof Error && isCommandError(error)) {
    if (error.type === ErrorType.MAXIMUM_APPEND_SIZE_EXCEEDED) {
      return new AppendTooLarge(stream, error.maxAppendSize);
    }
    if (error.code === INVALID_ARGUMENT) {
      return new InvalidEvent(`EventStoreDB refuses an append to ${stream}: ${error.message}`);
    }
  }
  return inPortWords(error, `append to ${stream}`);
}

export const isStreamNotFound = (error: unknown): boolean => typeOf(error) === ErrorType.STREAM_NOT_FOUND;

const typeOf = (error: unknown): ErrorType | undefined =>
  error instanceof Error && isCommandError(error) ? error.type : undefined;

/** Raw gRPC errors come through in places, with a code and no type. */
const codeOf = (error: unknown): unknown =>
  error instanceof Error && 'code' in error ? error.code : undefined;
