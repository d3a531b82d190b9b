// SPDX-License-Identifier: Apache-2.0
import type { StoredEvent } from '../../schemas/index.js';

/** What one agent's nginx may serve, by the log. */
export interface Served {
  /** Sent to the agent and let through by its `nginx -t`, or on its way there. */
  readonly validated: ReadonlySet<string>;
  /** What it is known to have applied last. */
  readonly newest: string | undefined;
}

/** Stages that are reached before nginx has let the configuration through. */
const UNTESTED: ReadonlySet<string> = new Set(['', 'staged']);

/**
 * What the agent proves while nobody can write it down was sent to it. What it has refused is told apart by how far it
 * came: after its test, nginx may have served it for a while before it was rolled back, as when the proof took too long.
 */
export function servedBy(agentId: string, events: readonly StoredEvent[]): Served {
  const applied = new Set<string>();
  const sent = new Set<string>();
  const untested = new Set<string>();
  let newest: string | undefined;
  for (const event of events) {
    if (!('agent_id' in event.data) || event.data.agent_id !== agentId) {
      continue;
    }
    switch (event.type) {
      case 'config.applied':
        newest = event.data.digest;
        applied.add(newest);
        break;
      case 'config.sent':
        sent.add(event.data.digest);
        break;
      case 'config.refused':
      case 'config.rolled_back':
        if (UNTESTED.has(event.data.failure.stage)) {
          untested.add(event.data.failure.digest);
        }
        break;
      default:
    }
  }
  const validated = new Set([...[...sent].filter((digest) => !untested.has(digest)), ...applied]);
  return { validated, newest };
}
