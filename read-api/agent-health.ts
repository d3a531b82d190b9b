// SPDX-License-Identifier: Apache-2.0
import { type ReadStore, UnknownCollection } from '../read-store/index.js';
import { closed, nullable, oneOf, type Static, Timestamp, Type } from '../schemas/index.js';

/** The newest report of an agent, as the gateway keeps it outside the log. */
export interface HealthDoc {
  readonly at: string;
  readonly nginx: {
    readonly is_running: boolean;
    readonly uptime_seconds: number;
    readonly active_connections: number;
    readonly requests_per_second: number;
  };
  readonly system: { readonly cpu_percent: number; readonly memory_used_bytes: number };
  readonly config_version: number;
}

/** Newest reports by the agents' ids; agents that never reported are missing. */
export type LoadHealth = (agentIds: readonly string[]) => Promise<ReadonlyMap<string, HealthDoc>>;

/** Collection that the gateway writes to. */
const COLLECTION = 'agent_health';

export function agentHealth(store: Pick<ReadStore, 'getMany'>): LoadHealth {
  return async (ids) => {
    try {
      return (await store.getMany(COLLECTION, ids)) as unknown as ReadonlyMap<string, HealthDoc>;
    } catch (error) {
      // No gateway has been started on this store yet: nobody has reported.
      if (error instanceof UnknownCollection) {
        return new Map();
      }
      throw error;
    }
  };
}

const count = Type.Number({ minimum: 0 });

export const Health = nullable(
  closed({
    nginx_status: oneOf('running', 'stopped'),
    nginx_uptime_seconds: count,
    active_connections: count,
    requests_per_second: count,
    cpu_percent: count,
    /** MiB. */
    memory_used_mb: count,
    config_version: count,
    reported_at: Timestamp,
  }),
);
export type Health = Static<typeof Health>;

const MIB = 1024 * 1024;

export const presentHealth = (doc: HealthDoc | undefined): Health =>
  doc
    ? {
        nginx_status: doc.nginx.is_running ? 'running' : 'stopped',
        nginx_uptime_seconds: doc.nginx.uptime_seconds,
        active_connections: doc.nginx.active_connections,
        requests_per_second: doc.nginx.requests_per_second,
        cpu_percent: doc.system.cpu_percent,
        memory_used_mb: Math.round((doc.system.memory_used_bytes / MIB) * 10) / 10,
        config_version: doc.config_version,
        reported_at: doc.at,
      }
    : null;
