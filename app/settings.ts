import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { InvalidArgumentError, Option } from 'commander';
import { Secret } from '../kernel/index.js';
import { ROLES, type Role } from './roles/part.js';

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface ServeSettings {
  readonly dataDir: string;
  readonly httpListen: Address;
  readonly grpcListen: Address;
  readonly grpcNames: readonly string[];
  readonly adminEmail: string;
  /** Undefined: one is made at the first start and printed once. */
  readonly adminPassword: Secret | undefined;
  readonly masterKeyFile: string;
  readonly logLevel: string;
  readonly roles: readonly Role[];
  /** The log and the stores are shared by several processes. */
  readonly distributed: boolean;
  /** Requests a minute for each principal. */
  readonly rateLimit: number;
}

/** A setting that cannot be used; says which and why. */
export class BadSetting extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'BadSetting';
  }
}

/** Every setting of `nxmesh serve` is a flag and a variable of the environment; the flag wins. */
export const serveOptions: readonly Option[] = [
  new Option('--data-dir <folder>', 'events, read models and secrets')
    .env('NXMESH_DATA_DIR')
    .default('nxmesh-data'),
  new Option('--http-listen <host:port>', 'REST API').env('NXMESH_HTTP_LISTEN').default('127.0.0.1:8080'),
  new Option('--grpc-listen <host:port>', 'agents').env('NXMESH_GRPC_LISTEN').default('127.0.0.1:8443'),
  new Option('--grpc-names <names>', 'further names by which agents reach the gateway, separated by commas')
    .env('NXMESH_GRPC_NAMES')
    .default(''),
  new Option('--admin-email <address>', 'first administrator')
    .env('NXMESH_ADMIN_EMAIL')
    .default('admin@localhost'),
  new Option(
    '--admin-password <password>',
    'of the first administrator; made and printed once when left out',
  ).env('NXMESH_ADMIN_PASSWORD'),
  new Option('--admin-password-file <file>', 'the same, from a file').env('NXMESH_ADMIN_PASSWORD_FILE'),
  new Option(
    '--master-key-file <file>',
    'key that the vault is locked with; made in the data folder when left out',
  ).env('NXMESH_MASTER_KEY_FILE'),
  new Option('--roles <roles>', 'what this process does, separated by commas')
    .env('NXMESH_ROLES')
    .default(ROLES.join(',')),
  new Option('--rate-limit <requests>', 'a minute for each principal')
    .env('NXMESH_RATE_LIMIT')
    .default('1000'),
  new Option('--log-level <level>', 'how much to log')
    .env('NXMESH_LOG_LEVEL')
    .choices(['debug', 'info', 'warn', 'error', 'silent'])
    .default('info'),
];

type Given = Readonly<Record<string, string | undefined>>;

const EMAIL = /^[^\s@]{1,64}@[^\s@]{1,189}$/;

/** Checks the settings; names every fault at once. */
export function serveSettings(given: Given): ServeSettings {
  const faults: string[] = [];
  const attempt = <T>(setting: string, read: () => T): T | undefined => {
    try {
      return read();
    } catch (error) {
      faults.push(`${setting}: ${error instanceof Error ? error.message : String(error)}`);
      return undefined;
    }
  };
  const dataDir = resolve(given.dataDir ?? 'nxmesh-data');
  const httpListen = attempt('http-listen', () => parseAddress(given.httpListen ?? ''));
  const grpcListen = attempt('grpc-listen', () => parseAddress(given.grpcListen ?? ''));
  const adminEmail = given.adminEmail ?? '';
  if (!EMAIL.test(adminEmail)) {
    faults.push(`admin-email: ${JSON.stringify(adminEmail)} is not an address`);
  }
  const adminPassword = attempt('admin-password', () => adminPasswordOf(given));
  const rateLimit = attempt('rate-limit', () => wholeNumber(given.rateLimit ?? '1000'));
  const roles = attempt('roles', () => parseRoles(given.roles ?? ''));
  if (faults.length > 0 || roles === undefined || rateLimit === undefined || !httpListen || !grpcListen) {
    throw new BadSetting(faults.join('\n'));
  }
  return {
    dataDir,
    httpListen,
    grpcListen,
    grpcNames: (given.grpcNames ?? '').split(',').filter((name) => name !== ''),
    adminEmail,
    adminPassword,
    masterKeyFile: resolve(given.masterKeyFile ?? `${dataDir}/master.key`),
    logLevel: given.logLevel ?? 'info',
    roles,
    distributed: false,
    rateLimit,
  };
}

function adminPasswordOf({ adminPassword, adminPasswordFile }: Given): Secret | undefined {
  const text =
    adminPasswordFile === undefined ? adminPassword : readFileSync(adminPasswordFile, 'utf8').trim();
  if (text === undefined || text === '') {
    return undefined;
  }
  if (text.length < 8 || text.length > 1024) {
    throw new BadSetting('must have 8 to 1,024 characters');
  }
  return new Secret(text);
}

/** `127.0.0.1:8080`, `[::1]:8080`, `localhost:0`. */
export function parseAddress(text: string): Address {
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9.-]+)):([0-9]{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (!match || port > 65535) {
    throw new BadSetting(`${JSON.stringify(text)} is not host:port`);
  }
  return { host: match[1] ?? match[2] ?? '', port };
}

/** For flags that count. */
export function wholeNumber(text: string): number {
  const value = Number(text);
  if (!/^[0-9]+$/.test(text) || !Number.isSafeInteger(value)) {
    throw new InvalidArgumentError('must be a whole number');
  }
  return value;
}

function parseRoles(text: string): Role[] {
  const names = text.split(',').map((name) => name.trim());
  const unknown = names.filter((name) => !ROLES.some((role) => role === name));
  if (unknown.length > 0) {
    throw new BadSetting(`${unknown.join(', ')}: must be of ${ROLES.join(', ')}`);
  }
  if (ROLES.some((role) => !names.includes(role))) {
    throw new BadSetting('the embedded log serves one process, which must have all roles');
  }
  return ROLES.filter((role) => names.includes(role));
}
