// SPDX-License-Identifier: Apache-2.0
import { Command } from 'commander';
import { serveOptions } from './options.js';
import { serveSettings } from './settings.js';

/** `nxmesh config print`: what `serve` would run with, checked; secrets are not shown. */
export function configCommand(configFile: string | undefined): Command {
  const print = new Command('print').description(
    'print the settings that serve would run with, secrets left out',
  );
  for (const option of serveOptions(configFile)) {
    print.addOption(option);
  }
  print.option('--redacted', 'said for clarity: secrets are never printed');
  print.action((given: Record<string, string | undefined>) => {
    console.log(JSON.stringify(serveSettings(given), null, 2));
  });
  return new Command('config').description('settings').addCommand(print);
}
