// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { type MongoClientOptions, ReadConcern, ReadPreference, WriteConcern } from 'mongodb';
import { errorMessage, type Timers } from '../../kernel/index.js';
import { StoreUnusable } from '../errors.js';

/** Where the server is and how to come in. What is secret stands in files, one value each. */
export interface MongoSettings {
  /** `mongodb://host[:port][,…]/?replicaSet=…` or `mongodb+srv://…`. */
  readonly url: string;
  /** A database for NxMesh alone: letters, digits, `-` and `_`. */
  readonly database: string;
  readonly username?: string;
  readonly passwordFile?: string;
  /** PEM of the authorities to trust; naming one turns TLS on. */
  readonly tlsCaFile?: string;
  /** PEM of our certificate and its key, for servers that ask for one. */
  readonly tlsCertificateKeyFile?: string;
  /** How long any one call may take, in milliseconds; 10,000 when left out. */
  readonly timeoutMs?: number;
  readonly timers: Timers;
}

export const DEFAULT_TIMEOUT_MS = 10_000;

function secretFrom(file: string): string {
  try {
    return readFileSync(file, 'utf8').replace(/\r?\n$/, '');
  } catch (error) {
    throw new StoreUnusable('unreadable', `${file}: ${errorMessage(error)}`, { cause: error });
  }
}

function checked(file: string): string {
  secretFrom(file);
  return file;
}

/** Errors: `StoreUnusable` naming the file that cannot be read. */
export function clientOptions(settings: MongoSettings): MongoClientOptions {
  const timeoutMs = settings.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const { username, passwordFile, tlsCaFile, tlsCertificateKeyFile } = settings;
  const password = passwordFile === undefined ? undefined : secretFrom(passwordFile);
  return {
    appName: 'nxmesh',
    ignoreUndefined: true,
    // Well before our own deadline: the driver's words say more, and whoever hears them asks through a new client.
    serverSelectionTimeoutMS: Math.ceil(timeoutMs * 0.5),
    waitQueueTimeoutMS: timeoutMs,
    connectTimeoutMS: timeoutMs,
    // A connection that was silent for so long is given up.
    socketTimeoutMS: timeoutMs,
    // Leases and checkpoints stand or fall with these, so that no connection string may weaken them.
    readPreference: ReadPreference.primary,
    readConcern: new ReadConcern('majority'),
    writeConcern: new WriteConcern('majority', timeoutMs, true),
    ...(username === undefined
      ? {}
      : { auth: { username, ...(password === undefined ? {} : { password }) } }),
    ...(tlsCaFile === undefined ? {} : { tls: true, tlsCAFile: checked(tlsCaFile) }),
    ...(tlsCertificateKeyFile === undefined
      ? {}
      : { tls: true, tlsCertificateKeyFile: checked(tlsCertificateKeyFile) }),
  };
}
