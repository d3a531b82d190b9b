import { Command } from 'commander';
import { errorMessage } from '../kernel/index.js';
import { agentCommand } from './agent.js';
import { logCommand } from './log.js';
import { BadSetting, serveOptions, serveSettings } from './settings.js';

const program = new Command('nxmesh').description('Event-sourced control plane for fleets of nginx');

const serveCommand = new Command('serve').description('run the control plane');
for (const option of serveOptions) {
  serveCommand.addOption(option);
}
serveCommand.action(async (given: Record<string, string | undefined>) => {
  const settings = serveSettings(given);
  // Loaded only by the command that needs it.
  const { serve } = await import('./serve.js');
  const serving = await serve(settings);
  if (serving.madePassword) {
    process.stderr.write(
      `\nThe first administrator is ${settings.adminEmail} with the password ${serving.madePassword.reveal()}\nIt is shown this once.\n\n`,
    );
  }
  endOnSignal(serving.close);
});

program.addCommand(serveCommand).addCommand(agentCommand(endOnSignal)).addCommand(logCommand());

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

function fail(error: unknown): void {
  const known = error instanceof BadSetting || (error instanceof Error && error.name !== 'Error');
  process.stderr.write(
    `nxmesh: ${known ? errorMessage(error) : error instanceof Error ? error.stack : String(error)}\n`,
  );
  process.exit(1);
}

// What nobody handles is a broken invariant: the process ends rather than limps on.
process.on('unhandledRejection', fail);
process.on('uncaughtException', fail);

await program.parseAsync().catch(fail);
