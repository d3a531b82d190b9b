// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { InvalidArgumentError, Option } from 'commander';
import { BadSetting } from './bad-setting.js';
import { ROLES } from './roles/part.js';

/**
 * Every setting of `nxmesh serve`: a flag, a variable of the environment (`--data-dir` is `NXMESH_DATA_DIR`), and a
 * member of the configuration file (`data_dir`). The flag wins, then the variable, then the file.
 */
const SETTINGS: readonly (readonly [flag: string, description: string, preset?: string])[] = [
  ['data-dir <folder>', 'events, read models and secrets of the embedded shape', 'nxmesh-data'],
  ['http-listen <host:port>', 'REST API', '127.0.0.1:8080'],
  ['grpc-listen <host:port>', 'agents', '127.0.0.1:8443'],
  ['grpc-names <names>', 'further names by which agents reach the gateway, separated by commas', ''],
  ['admin-email <address>', 'first administrator', 'admin@localhost'],
  ['admin-password <password>', 'of the first administrator; made and printed once when left out'],
  ['admin-password-file <file>', 'the same, from a file'],
  ['master-key-file <file>', 'key that the vault is locked with; made in the data folder when left out'],
  ['roles <roles>', 'what this process does, separated by commas', ROLES.join(',')],
  ['eventstore-url <url>', 'EventStoreDB instead of the embedded log (esdb://…)'],
  ['eventstore-url-file <file>', 'the same, from a file'],
  ['mongodb-url <url>', 'MongoDB instead of the embedded read store (mongodb://…)'],
  ['mongodb-url-file <file>', 'the same, from a file'],
  ['mongodb-database <name>', 'database in MongoDB, for NxMesh alone', 'nxmesh'],
  [
    'kafka-brokers <hosts>',
    'where events are published, host:port separated by commas; nowhere when left out',
  ],
  ['kafka-topic <topic>', 'what they are published to', 'nxmesh.events'],
  ['kafka-replication <copies>', 'brokers that hold each message of a topic that NxMesh makes', '1'],
  ['access-log-hours <hours>', 'how long access-log records are kept', '72'],
  ['access-log-mb <megabytes>', 'how much of them is kept of each workspace, about', '512'],
  [
    'metrics-days <days>',
    'how long metrics are kept hour by hour; minute by minute two weeks at most',
    '400',
  ],
  ['rate-limit <requests>', 'a minute for each principal', '1000'],
  ['rate-limit-network <requests>', 'a minute for each network without good credentials', '1000'],
  ['auth-rate-limit <tries>', 'to sign in, for each account and network', '10'],
  ['auth-rate-window <seconds>', 'in which they are counted', '600'],
  [
    'trusted-proxies <networks>',
    'own proxies before it, separated by commas: their X-Forwarded-For counts',
    '',
  ],
  [
    'cors-origins <origins>',
    'whose pages may use the API, https://… separated by commas; none when left out',
    '',
  ],
  [
    'metrics-access <who>',
    'who may read /metrics unless signed in as administrator: loopback, public or signed-in (nobody)',
    'loopback',
  ],
  ['log-level <level>', 'debug, info, warn, error or silent', 'info'],
];

const nameOf = (flag: string): string => flag.split(' ')[0] ?? '';
const variableOf = (flag: string): string => `NXMESH_${nameOf(flag).toUpperCase().replaceAll('-', '_')}`;
const memberOf = (flag: string): string => nameOf(flag).replaceAll('-', '_');

/** What each setting is when nobody says otherwise. */
export const presets = (): Record<string, string | undefined> =>
  Object.fromEntries(SETTINGS.map(([flag, , preset]) => [camel(nameOf(flag)), preset]));

const camel = (name: string): string => name.replaceAll(/-(.)/g, (_, first: string) => first.toUpperCase());

/** The options, with what the configuration file says as their presets. */
export function serveOptions(configFile: string | undefined): Option[] {
  const file = configFile === undefined ? {} : readConfig(configFile);
  return [
    new Option('--config <file>', 'settings as JSON').env('NXMESH_CONFIG'),
    ...SETTINGS.map(([flag, description, preset]) => {
      const option = new Option(`--${flag}`, description).env(variableOf(flag));
      const value = file[memberOf(flag)] ?? preset;
      return value === undefined ? option : option.default(value);
    }),
  ];
}

/** The file is named before the flags are read, because it presets them. */
export function configFileOf(argv: readonly string[], env: NodeJS.ProcessEnv): string | undefined {
  const at = argv.findIndex((arg) => arg === '--config' || arg.startsWith('--config='));
  const [, inOne] = /^--config=(.*)$/.exec(argv[at] ?? '') ?? [];
  const given = at < 0 ? undefined : (inOne ?? argv[at + 1]);
  return given ?? env.NXMESH_CONFIG;
}

function readConfig(path: string): Record<string, string> {
  let members: Record<string, unknown>;
  try {
    members = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
  } catch (error) {
    throw new BadSetting(`config ${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
  const known = new Set(SETTINGS.map(([flag]) => memberOf(flag)));
  const faults = Object.entries(members).flatMap(([member, value]) => {
    if (!known.has(member)) {
      return [`config ${path}: ${member} is not a setting`];
    }
    return ['string', 'number'].includes(typeof value)
      ? []
      : [`config ${path}: ${member} must be text or a number`];
  });
  if (faults.length > 0) {
    throw new BadSetting(faults.join('\n'));
  }
  return Object.fromEntries(Object.entries(members).map(([member, value]) => [member, String(value)]));
}

/** For flags that count. */
export function wholeNumber(text: string): number {
  const value = Number(text);
  if (!/^[0-9]+$/.test(text) || !Number.isSafeInteger(value)) {
    throw new InvalidArgumentError('must be a whole number');
  }
  return value;
}
