// SPDX-License-Identifier: Apache-2.0
import type { EventLog } from '../event-log/index.js';
import type { Timers } from '../kernel/index.js';
import { streams } from '../kernel/index.js';

/** Waits for what an agent made of a command; undefined when it has not answered in time. */
export function commandResults(log: EventLog, timers: Timers) {
  return async (agentId: string, commandId: string, ms: number, signal: AbortSignal) => {
    const stream = streams.agent(agentId);
    const after = await log.head();
    // It may have been answered before we listen.
    for await (const event of log.read(stream)) {
      if (event.type === 'agent_command.completed' && event.data.command_id === commandId) {
        return outcome(event.data);
      }
    }
    const ending = new AbortController();
    const stop = timers.after(ms, () => ending.abort());
    try {
      const following = {
        after,
        categories: ['agent' as const],
        signal: AbortSignal.any([signal, ending.signal]),
      };
      for await (const delivery of log.subscribe(following)) {
        const event = delivery.kind === 'event' ? delivery.event : undefined;
        if (event?.type === 'agent_command.completed' && event.data.command_id === commandId) {
          return outcome(event.data);
        }
      }
      return undefined;
    } finally {
      stop();
      ending.abort();
    }
  };
}

const outcome = ({ success, message, at }: { success: boolean; message: string; at: string }) => ({
  success,
  message,
  at,
});
