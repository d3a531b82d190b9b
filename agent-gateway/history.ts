// SPDX-License-Identifier: Apache-2.0
import { type ConfigState, evolveConfig, initialConfig } from '../domain/index.js';
import type { EventLog } from '../event-log/index.js';
import { streams } from '../kernel/index.js';
import type { ConfigEvent } from '../schemas/index.js';

/** A workspace's configuration as earlier versions had it. */
export interface History {
  /** Rejects while the log cannot be read. */
  at(workspaceId: string, version: number): Promise<ConfigState>;
}

const MAX_KEPT = 8;

/** Read from the log when somebody asks: only a refusal needs to know what was before. */
export function history({ log }: { readonly log: EventLog }): History {
  const kept = new Map<string, Promise<ConfigState>>();

  const load = async (workspaceId: string, version: number): Promise<ConfigState> => {
    const state = initialConfig();
    if (version > 0) {
      for await (const event of log.read(streams.config(workspaceId))) {
        if ((event as ConfigEvent).data.version > version) {
          break;
        }
        evolveConfig(state, event as ConfigEvent);
      }
    }
    return state;
  };
  return {
    at: (workspaceId, version) => {
      const key = `${workspaceId} ${version}`;
      const known = kept.get(key) ?? load(workspaceId, version);
      kept.delete(key);
      kept.set(key, known);
      known.catch(() => kept.delete(key));
      const [oldest] = kept.keys();
      if (kept.size > MAX_KEPT && oldest !== undefined) {
        kept.delete(oldest);
      }
      return known;
    },
  };
}
