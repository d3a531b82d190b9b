// SPDX-License-Identifier: Apache-2.0
/** Where the agent tells what it does; the shape of pino's loggers. Fields never hold secrets or file contents. */
export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
