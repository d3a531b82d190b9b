// SPDX-License-Identifier: Apache-2.0
import { Command } from 'commander';
import { errorMessage } from '../kernel/index.js';
import { agentCommand } from './agent.js';
import { auditCommand } from './audit.js';
import { configCommand } from './config.js';
import { logCommand } from './log.js';
import { openApiCommand } from './openapi.js';
import { configFileOf, serveOptions } from './options.js';
import { serveSettings } from './settings.js';
import { vaultCommand } from './vault.js';

function program(configFile: string | undefined): Command {
  const serving = new Command('serve').description('run the control plane');
  for (const option of serveOptions(configFile)) {
    serving.addOption(option);
  }
  serving.action(async (given: Record<string, string | undefined>) => {
    const settings = serveSettings(given);
    // Loaded only by the command that needs it.
    const { serve } = await import('./serve.js');
    const { madePassword, close } = await serve(settings);
    if (madePassword) {
      process.stderr.write(
        `\nThe first administrator is ${settings.adminEmail} with the password ${madePassword.reveal()}\nIt is shown this once.\n\n`,
      );
    }
    endOnSignal(close);
  });
  return new Command('nxmesh')
    .description('Event-sourced control plane for fleets of nginx')
    .addCommand(serving)
    .addCommand(agentCommand(endOnSignal))
    .addCommand(logCommand())
    .addCommand(vaultCommand())
    .addCommand(auditCommand())
    .addCommand(configCommand(configFile))
    .addCommand(openApiCommand());
}

/** SIGTERM and SIGINT end in order; a second one at once. */
function endOnSignal(close: () => Promise<void>): void {
  let ending = false;
  const end = (): void => {
    if (ending) {
      process.exit(130);
    }
    ending = true;
    close().then(
      () => process.exit(0),
      (error: unknown) => fail(error),
    );
  };
  process.on('SIGTERM', end);
  process.on('SIGINT', end);
}

/** The language's own errors are faults of ours and need their stack. */
const FAULTS: readonly unknown[] = [
  Error,
  TypeError,
  RangeError,
  ReferenceError,
  SyntaxError,
  AggregateError,
];

/** An error with a class of its own, or the system's, says enough to whoever runs the program. */
const isForeseen = (error: unknown): boolean =>
  error instanceof Error && (!FAULTS.includes(error.constructor) || 'syscall' in error);

function fail(error: unknown): void {
  const stack = error instanceof Error ? error.stack : undefined;
  process.stderr.write(`nxmesh: ${isForeseen(error) ? errorMessage(error) : (stack ?? String(error))}\n`);
  process.exit(1);
}

// What nobody handles is a broken invariant: the process ends rather than limps on.
process.on('unhandledRejection', fail);
process.on('uncaughtException', fail);

try {
  await program(configFileOf(process.argv, process.env)).parseAsync();
} catch (error) {
  fail(error);
}
