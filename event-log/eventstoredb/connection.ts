// SPDX-License-Identifier: Apache-2.0
import { EventStoreDBClient } from '@eventstore/db-client';
import { errorMessage } from '../../kernel/index.js';
import { type Access, EventStoreDbSettingsError } from './settings.js';

export interface Connection {
  readonly client: ReturnType<typeof EventStoreDBClient.connectionString>;
  /** What every call says: who asks, and that only the leader may answer. */
  readonly options: {
    readonly credentials: { readonly username: string; readonly password: string };
    readonly requiresLeader: true;
  };
}

/** Connects at the first call, and again by itself. Throws `EventStoreDbSettingsError`. */
export function connect({ connectionString, credentials }: Access): Connection {
  try {
    const client = EventStoreDBClient.connectionString(connectionString);
    return { client, options: { credentials: credentials.reveal(), requiresLeader: true } };
  } catch (error) {
    throw new EventStoreDbSettingsError(errorMessage(error));
  }
}
