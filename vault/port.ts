// SPDX-License-Identifier: Apache-2.0
/**
 * The vault: secrets outside the log. Each has its own data key (AES-256-GCM, the record's id and version as additional
 * data), wrapped by a master key that is not in any database. Destroying a record destroys its data key with it. Copies of
 * the vault keep theirs: those that were made before open it still, with the master key.
 */
import type { Secret } from '../kernel/index.js';

export interface Vault {
  /** Stores or replaces. Durable when it resolves. */
  put(id: string, secret: Secret<Buffer>): Promise<void>;
  get(id: string): Promise<Secret<Buffer> | undefined>;
  destroy(id: string): Promise<void>;
  /** Ids of the secrets whose ids begin so, the first thousand in their order. */
  list(prefix: string): Promise<readonly string[]>;
  close(): Promise<void>;
}
