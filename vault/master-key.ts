// SPDX-License-Identifier: Apache-2.0
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  linkSync,
  openSync,
  readSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { errorMessage, type Random, Secret } from '../kernel/index.js';

export const MASTER_KEY_BYTES = 32;

/** The file that should hold the master key cannot be trusted or used; the message says why, never what is in it. */
export class MasterKeyUnusable extends Error {
  constructor(path: string, why: string, options?: ErrorOptions) {
    super(`master key ${path}: ${why}`, options);
    this.name = 'MasterKeyUnusable';
  }
}

interface MasterKeyFile {
  readonly path: string;
  /** Makes the key where there is no file. Only for a vault that is new: no other key opens an old one. */
  readonly create: boolean;
  readonly random: Random;
}

const isCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code;

/** 32 random bytes from a file that only its owner may read. Errors: `MasterKeyUnusable`. */
export function masterKey(file: MasterKeyFile): Secret<Buffer> {
  try {
    return read(file.path);
  } catch (error) {
    if (!isCode(error, 'ENOENT')) {
      throw error instanceof MasterKeyUnusable
        ? error
        : new MasterKeyUnusable(file.path, errorMessage(error), { cause: error });
    }
    if (!file.create) {
      throw new MasterKeyUnusable(file.path, 'there is no such file');
    }
  }
  try {
    create(file);
    return read(file.path);
  } catch (error) {
    throw new MasterKeyUnusable(file.path, `cannot be made: ${errorMessage(error)}`, { cause: error });
  }
}

function read(path: string): Secret<Buffer> {
  // What is checked is what is read: the open file, not a name that may come to mean another.
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const stat = fstatSync(descriptor);
    if (!stat.isFile()) {
      throw new MasterKeyUnusable(path, 'is not a regular file');
    }
    const uid = process.geteuid?.();
    if (uid !== undefined && stat.uid !== uid && stat.uid !== 0) {
      throw new MasterKeyUnusable(path, 'belongs to another user');
    }
    if ((stat.mode & 0o077) !== 0) {
      throw new MasterKeyUnusable(path, 'may be read by others; chmod 600 it');
    }
    if (stat.size !== MASTER_KEY_BYTES) {
      throw new MasterKeyUnusable(path, `has ${stat.size} bytes, not ${MASTER_KEY_BYTES}`);
    }
    const key = Buffer.alloc(MASTER_KEY_BYTES);
    if (readSync(descriptor, key, 0, MASTER_KEY_BYTES, 0) !== MASTER_KEY_BYTES) {
      throw new MasterKeyUnusable(path, 'ends too early');
    }
    return new Secret(key);
  } finally {
    closeSync(descriptor);
  }
}

/** Whole under its name or not there at all, whenever the process is killed; never in place of a file that is there. */
function create({ path, random }: MasterKeyFile): void {
  const draft = `${path}.${random.bytes(6).toString('hex')}`;
  try {
    const descriptor = openSync(draft, 'wx', 0o600);
    try {
      writeSync(descriptor, random.bytes(MASTER_KEY_BYTES));
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    linkSync(draft, path);
  } catch (error) {
    // Somebody else was first: theirs is the key.
    if (!isCode(error, 'EEXIST')) {
      throw error;
    }
  } finally {
    rmSync(draft, { force: true });
  }
  const folder = openSync(dirname(path), constants.O_RDONLY);
  fsyncSync(folder);
  closeSync(folder);
}
