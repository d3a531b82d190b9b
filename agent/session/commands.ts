// SPDX-License-Identifier: Apache-2.0
import { never } from '../../kernel/index.js';
import type { Command } from '../../proto/index.js';
import type { Commands, Done } from '../apply/commands.js';

const STOP_MS = 30_000;
const MOST_STOP_MS = 600_000;

/** Does what the master asks, if it is one of the few things that it may ask. */
export async function obey(
  commands: Commands,
  command: Command['command'],
  allowStop: boolean,
): Promise<Done> {
  if (command === undefined) {
    return { success: false, message: 'this agent does not know the command' };
  }
  switch (command.$case) {
    case 'reload':
      return commands.reload();
    case 'restart':
      return commands.restart(command.value.force);
    case 'stop': {
      const { graceful, timeoutSeconds } = command.value;
      const timeoutMs = timeoutSeconds === 0 ? STOP_MS : Math.min(timeoutSeconds * 1000, MOST_STOP_MS);
      return allowStop
        ? commands.stop(graceful, timeoutMs)
        : { success: false, message: 'stopping is not allowed on this host' };
    }
    case 'getStatus':
      return commands.status();
    case 'validateConfig':
      return { success: false, message: 'agents test nothing but bundles that they were sent' };
    default:
      return never(command, 'command');
  }
}
