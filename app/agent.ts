// SPDX-License-Identifier: Apache-2.0
import { Command, InvalidArgumentError, Option } from 'commander';
import { systemClock, systemRandom, systemTimers } from '../kernel/index.js';
import { logger } from './logger.js';
import { wholeNumber } from './options.js';
import { LEVELS } from './settings.js';

const named = (text: string, before: Record<string, string> = {}): Record<string, string> => {
  const at = text.indexOf('=');
  if (at < 1) {
    throw new InvalidArgumentError('must be name=value');
  }
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
};

interface Flags {
  token?: string;
  gateway: string;
  stateDir: string;
  nginx: string;
  webRoot?: Record<string, string>;
  attach?: string;
  pidFile?: string;
  quietMs: number;
  validationTimeoutMs: number;
  reloadTimeoutMs: number;
  deploymentMode: 'docker_sidecar' | 'kubernetes_sidecar' | 'standalone';
  accessLog?: 'on' | 'off';
  logLinesPerSecond: number;
  logLevel: string;
}

/** `nxmesh agent`: beside one nginx. */
export const agentCommand = (endOnSignal: (close: () => Promise<void>) => void): Command =>
  new Command('agent')
    .description('run the agent beside one nginx')
    .requiredOption('--gateway <host:port>', 'where the control plane listens for agents')
    .requiredOption('--state-dir <folder>', 'belongs to this agent alone')
    .addOption(new Option('--token <token>', 'needed once, to join').env('NXMESH_AGENT_TOKEN'))
    .option('--nginx <program>', 'path of nginx', '/usr/sbin/nginx')
    .option('--web-root <name=folder>', 'a folder that virtual hosts may name; may be repeated', named)
    .option('--attach <nginx.conf>', 'attach to an nginx that somebody else starts')
    .option('--pid-file <file>', 'of that nginx')
    .option(
      '--quiet-ms <ms>',
      'how long all answers must be the new ones before they prove it',
      wholeNumber,
      300,
    )
    .option('--validation-timeout-ms <ms>', 'nginx -t is ended after this', wholeNumber, 10_000)
    .option('--reload-timeout-ms <ms>', 'a reload not proven by then has failed', wholeNumber, 10_000)
    .addOption(
      new Option('--deployment-mode <mode>', 'how it is run')
        .choices(['docker_sidecar', 'kubernetes_sidecar', 'standalone'])
        .default('standalone'),
    )
    .addOption(
      new Option(
        '--access-log <on|off>',
        'read what nginx serves; off where it is attached, else on',
      ).choices(['on', 'off']),
    )
    .option(
      '--log-lines-per-second <lines>',
      'access-log records sent on; more are counted and left out',
      wholeNumber,
      1000,
    )
    .addOption(new Option('--log-level <level>', 'how much to log').choices(LEVELS).default('info'))
    .action(async (flags: Flags) => {
      const { failpointFrom, runAgent } = await import('../agent/index.js');
      const { attach, pidFile, webRoot, token, logLevel, accessLog, ...rest } = flags;
      if ((attach === undefined) !== (pidFile === undefined)) {
        throw new InvalidArgumentError('--attach and --pid-file go together');
      }
      const ending = new AbortController();
      const running = runAgent(
        {
          ...rest,
          // A variable that is set to nothing, as in a file for containers, is not set.
          ...(token ? { token } : {}),
          ...(accessLog === undefined ? {} : { accessLog: accessLog === 'on' }),
          ...(webRoot === undefined ? {} : { webRoots: webRoot }),
          ...(attach === undefined || pidFile === undefined ? {} : { attach: { config: attach, pidFile } }),
        },
        {
          clock: systemClock,
          timers: systemTimers,
          random: systemRandom,
          log: logger(logLevel),
          signal: ending.signal,
          failpoint: failpointFrom(process.env.NXMESH_FAILPOINT),
        },
      );
      endOnSignal(async () => {
        ending.abort();
        await running;
      });
      await running;
    });
