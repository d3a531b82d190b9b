import { EventStoreDBClient } from '@eventstore/db-client';
import { type Clock, errorMessage } from '../../kernel/index.js';
import { type Access, EventStoreDbSettingsError } from './settings.js';

type Client = ReturnType<typeof EventStoreDBClient.connectionString>;

/** What every call says: who asks, and that only the leader may answer. */
export interface CallOptions {
  readonly credentials: { readonly username: string; readonly password: string };
  readonly requiresLeader: true;
}

export interface Connection {
  client(): Client;
  readonly options: CallOptions;
  /** After a refused connection: the next call begins with a new one. */
  renew(): void;
  close(): Promise<void>;
}

const KEEP_ALIVE_TIMEOUT_MS = 10_000;
const RENEW_EVERY_MS = 1_000;

/** Connects at the first call. Throws `EventStoreDbSettingsError`. */
export function connect(access: Access, clock: Clock): Connection {
  let renewals = 0;
  let renewedAt = clock.monotonic();
  const { connectionString, credentials } = access;
  let client = open();

  /**
   * gRPC keeps the pause after failed attempts, of up to two minutes, for all connections with equal options, also for
   * those made later: one that differs in an option is tried at once.
   */
  function open(): Client {
    const separator = connectionString.includes('?') ? '&' : '?';
    const unique = `keepAliveTimeout=${KEEP_ALIVE_TIMEOUT_MS + (renewals % 1_000)}`;
    try {
      return EventStoreDBClient.connectionString(`${connectionString}${separator}${unique}`);
    } catch (error) {
      throw new EventStoreDbSettingsError(errorMessage(error));
    }
  }

  return {
    client: () => client,
    options: { credentials: credentials.reveal(), requiresLeader: true },
    renew: () => {
      const now = clock.monotonic();
      if (now - renewedAt >= RENEW_EVERY_MS) {
        renewedAt = now;
        renewals += 1;
        client = open();
      }
    },
    close: () => client.dispose(),
  };
}
