// SPDX-License-Identifier: Apache-2.0
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { isNetwork, type RateLimit } from '../http/index.js';
import { errorMessage, Secret } from '../kernel/index.js';
import type { MetricsAccess } from '../read-api/index.js';
import { DAY_MS, defaultRetention, HOUR_MS, type RetentionSettings } from '../telemetry/index.js';
import { BadSetting } from './bad-setting.js';
import { wholeNumber } from './options.js';
import { ROLES, type Role } from './roles/part.js';

interface Address {
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
  readonly roles: readonly Role[];
  /** Undefined: the embedded log. May hold credentials, as the next. */
  readonly eventstoreUrl: Secret | undefined;
  /** Undefined: the embedded read store. */
  readonly mongodbUrl: Secret | undefined;
  readonly mongodbDatabase: string;
  readonly kafkaBrokers: readonly string[];
  readonly kafkaTopic: string;
  /** Of topics that NxMesh makes. */
  readonly kafkaReplication: number;
  /** The log and the stores may be shared by several processes. */
  readonly distributed: boolean;
  /** Requests a minute for each principal. */
  readonly rateLimit: number;
  /** How long telemetry is kept, and how much. */
  readonly retention: RetentionSettings;
  /** Requests a minute for each network, of those without good credentials. */
  readonly rateLimitNetwork: number;
  /** Tries to sign in. */
  readonly authLimit: RateLimit;
  /** Own proxies: what they say of where a request comes from is believed. */
  readonly trustedProxies: readonly string[];
  /** Exact origins, as browsers send them. */
  readonly corsOrigins: readonly string[];
  readonly metricsAccess: MetricsAccess;
  readonly logLevel: string;
}

type Given = Readonly<Record<string, string | undefined>>;

const EMAIL = /^[^\s@]{1,64}@[^\s@]{1,189}$/;
export const LEVELS = ['debug', 'info', 'warn', 'error', 'silent'];
const DATABASE = /^[A-Za-z0-9_-]{1,63}$/;
const METRICS_ACCESS = ['loopback', 'public', 'signed-in'] as const;
const TOPIC = /^[A-Za-z0-9._-]{1,249}$/;

/** Checks the settings; names every fault at once. */
export function serveSettings(given: Given): ServeSettings {
  const faults: string[] = [];
  /** The value, or `instead` after a fault: nothing is returned then. */
  function check<T>(setting: string, read: () => T, instead: T): T {
    try {
      return read();
    } catch (error) {
      faults.push(`${setting}: ${errorMessage(error)}`);
      return instead;
    }
  }
  const dataDir = resolve(given.dataDir ?? '');
  const eventstoreUrl = check(
    'eventstore-url',
    () => url(given, 'eventstoreUrl', /^esdb(\+discover)?:\/\//),
    undefined,
  );
  const mongodbUrl = check('mongodb-url', () => url(given, 'mongodbUrl', /^mongodb(\+srv)?:\/\//), undefined);
  const settings: ServeSettings = {
    dataDir,
    httpListen: check('http-listen', () => parseAddress(given.httpListen ?? ''), { host: '', port: 0 }),
    grpcListen: check('grpc-listen', () => parseAddress(given.grpcListen ?? ''), { host: '', port: 0 }),
    grpcNames: list(given.grpcNames),
    adminEmail: check('admin-email', () => matching(given.adminEmail, EMAIL, 'is not an address'), ''),
    adminPassword: check('admin-password', () => password(given), undefined),
    masterKeyFile: check('master-key-file', () => keyFile(given, dataDir), ''),
    roles: check('roles', () => parseRoles(list(given.roles)), []),
    eventstoreUrl,
    mongodbUrl,
    mongodbDatabase: check(
      'mongodb-database',
      () => matching(given.mongodbDatabase, DATABASE, 'is not a name'),
      '',
    ),
    kafkaBrokers: check(
      'kafka-brokers',
      () => list(given.kafkaBrokers).map((one) => parseAddress(one) && one),
      [],
    ),
    kafkaTopic: check('kafka-topic', () => matching(given.kafkaTopic, TOPIC, 'is not a topic'), ''),
    kafkaReplication: check('kafka-replication', () => between(given.kafkaReplication, 1, 100), 0),
    distributed: eventstoreUrl !== undefined && mongodbUrl !== undefined,
    rateLimit: check('rate-limit', () => wholeNumber(given.rateLimit ?? ''), 0),
    retention: retention({
      hours: check('access-log-hours', () => atLeastOne(given.accessLogHours), 1),
      megabytes: check('access-log-mb', () => atLeastOne(given.accessLogMb), 1),
      days: check('metrics-days', () => atLeastOne(given.metricsDays), 1),
    }),
    rateLimitNetwork: check('rate-limit-network', () => wholeNumber(given.rateLimitNetwork ?? ''), 0),
    authLimit: {
      limit: check('auth-rate-limit', () => wholeNumber(given.authRateLimit ?? ''), 0),
      windowMs: check('auth-rate-window', () => wholeNumber(given.authRateWindow ?? '') * 1000, 0),
    },
    trustedProxies: check('trusted-proxies', () => list(given.trustedProxies).map(network), []),
    corsOrigins: check('cors-origins', () => list(given.corsOrigins).map(origin), []),
    metricsAccess: check('metrics-access', () => oneOf(given.metricsAccess, METRICS_ACCESS), 'loopback'),
    logLevel: check('log-level', () => oneOf(given.logLevel, LEVELS), ''),
  };
  check('roles', () => refuseSplit(settings), undefined);
  if (faults.length > 0) {
    throw new BadSetting(faults.join('\n'));
  }
  return settings;
}

/** What one file serves, one process must do: a second could not open it, or would not see what the first does. */
function refuseSplit({ roles, eventstoreUrl, mongodbUrl }: ServeSettings): undefined {
  const missing = ROLES.filter((role) => !roles.includes(role));
  const embedded = [...(eventstoreUrl ? [] : ['eventstore-url']), ...(mongodbUrl ? [] : ['mongodb-url'])];
  if (roles.length > 0 && missing.length > 0 && embedded.length > 0) {
    throw new BadSetting(
      `without ${missing.join(', ')} other processes must share the stores: set ${embedded.join(' and ')}`,
    );
  }
}

const list = (text: string | undefined): string[] =>
  (text ?? '')
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '');

function atLeastOne(text: string | undefined): number {
  const value = wholeNumber(text ?? '');
  if (value < 1 || value > 1_000_000) {
    throw new BadSetting('must be between 1 and 1,000,000');
  }
  return value;
}

const retention = ({
  hours,
  megabytes,
  days,
}: {
  hours: number;
  megabytes: number;
  days: number;
}): RetentionSettings => ({
  accessLogMs: hours * HOUR_MS,
  accessLogBytes: megabytes * 1024 * 1024,
  minutesMs: Math.min(days * DAY_MS, defaultRetention.minutesMs),
  metricsMs: days * DAY_MS,
});

function matching(text: string | undefined, pattern: RegExp, not: string): string {
  if (text === undefined || !pattern.test(text)) {
    throw new BadSetting(`${JSON.stringify(text ?? '')} ${not}`);
  }
  return text;
}

function between(text: string | undefined, least: number, most: number): number {
  const value = wholeNumber(text ?? '');
  if (value < least || value > most) {
    throw new BadSetting(`must be from ${least} to ${most}`);
  }
  return value;
}

function oneOf<T extends string>(text: string | undefined, words: readonly T[]): T {
  const found = words.find((word) => word === text);
  if (found === undefined) {
    throw new BadSetting(`must be one of ${words.join(', ')}`);
  }
  return found;
}

function network(text: string): string {
  if (!isNetwork(text)) {
    throw new BadSetting(
      `${JSON.stringify(text)} is not an address such as 10.0.0.1 or a network such as 10.0.0.0/8`,
    );
  }
  return text;
}

/** An origin and nothing else, in the one spelling that browsers send. */
function origin(text: string): string {
  if (!/^https?:\/\/[^*]+$/.test(text) || !URL.canParse(text) || new URL(text).origin !== text) {
    throw new BadSetting(`${JSON.stringify(text)} is not an origin such as https://console.example.com`);
  }
  return text;
}

/** A secret from its own setting or from the file that `…File` names. */
function secretText(given: Given, name: string): string | undefined {
  const file = given[`${name}File`];
  const text = file === undefined ? given[name] : readFileSync(file, 'utf8').trim();
  return text === '' ? undefined : text;
}

/** Processes that share a vault are given its key; only where the vault is one's own file it may be made. */
function keyFile(given: Given, dataDir: string): string {
  const path = resolve(given.masterKeyFile ?? `${dataDir}/master.key`);
  const shared = given.mongodbUrl !== undefined || given.mongodbUrlFile !== undefined;
  if (shared && !existsSync(path)) {
    throw new BadSetting(`${path} is not there, and every process needs the same`);
  }
  return path;
}

function password(given: Given): Secret | undefined {
  const text = secretText(given, 'adminPassword');
  if (text !== undefined && (text.length < 8 || text.length > 1024)) {
    throw new BadSetting('must have 8 to 1,024 characters');
  }
  return text === undefined ? undefined : new Secret(text);
}

function url(given: Given, name: string, scheme: RegExp): Secret | undefined {
  const text = secretText(given, name);
  if (text !== undefined && !scheme.test(text)) {
    throw new BadSetting('is not a connection string of this server');
  }
  return text === undefined ? undefined : new Secret(text);
}

/** `127.0.0.1:8080`, `[::1]:8080`, `localhost:0`. */
function parseAddress(text: string): Address {
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9.-]+)):([0-9]{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (!match || port > 65535) {
    throw new BadSetting(`${JSON.stringify(text)} is not host:port`);
  }
  return { host: match[1] ?? match[2] ?? '', port };
}

function parseRoles(names: readonly string[]): Role[] {
  const unknown = names.filter((name) => !ROLES.some((role) => role === name));
  if (unknown.length > 0 || names.length === 0) {
    throw new BadSetting(`${unknown.join(', ') || 'none'}: must be of ${ROLES.join(', ')}`);
  }
  return ROLES.filter((role) => names.includes(role));
}
