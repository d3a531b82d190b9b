// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';
import { errorMessage, Secret } from '../../kernel/index.js';

export interface EventStoreDbSettings {
  /**
   * `esdb://host:2113?tls=true`, several hosts separated by commas for a cluster, or `esdb+discover://name:2113`.
   * `user:password@` may stand before the hosts; better are the two members below.
   */
  readonly connectionString: string;
  readonly username?: string;
  /** Holds the password and nothing else; a line end after it is left out. */
  readonly passwordFile?: string;
}

/** A setting with which no connection can be tried; says which, and never shows a password. */
export class EventStoreDbSettingsError extends Error {
  constructor(message: string) {
    super(`EventStoreDB: ${message}`);
    this.name = 'EventStoreDbSettingsError';
  }
}

export interface Access {
  /** Without the credentials: the client prints what it is given in errors and debug output. */
  readonly connectionString: string;
  readonly credentials: Secret<{ readonly username: string; readonly password: string }>;
}

const SHAPE = /^(esdb(?:\+discover)?):\/\/(?:([^@?]*)@)?([\w.:,-]+)\/?(?:\?(.*))?$/;

const KEYS = new Set([
  'tls',
  'tlscafile',
  'usercertfile',
  'userkeyfile',
  'connectionname',
  'maxdiscoverattempts',
  'discoveryinterval',
  'gossiptimeout',
  'keepaliveinterval',
  'keepalivetimeout',
]);

/** Keys that the client knows, and why this program does without them. */
const REFUSED: Record<string, string> = {
  tlsverifycert: 'the client checks certificates always; name your authority with tlsCAFile',
  nodepreference: 'readers and writers go to the leader, as nothing else answers for what is newest',
  throwonappendfailure: 'a refused append must be an error',
  defaultdeadline: 'every call has a deadline of its own',
};

/** Without TLS the server asks nobody who they are and the client drops the pair; it is passed all the same. */
const NOBODY = { username: 'nobody', password: 'none' };

/** Reads the files that the settings name. Throws `EventStoreDbSettingsError`. */
export async function readAccess(settings: EventStoreDbSettings): Promise<Access> {
  const parts = SHAPE.exec(settings.connectionString.trim());
  if (!parts) {
    throw new EventStoreDbSettingsError(
      'the connection string is not of the form esdb://host:port[,host:port…][?key=value&…]',
    );
  }
  const [, scheme = '', pair, hosts = '', query = ''] = parts;
  const tls = checkedQuery(query);
  const found = (await fromFile(settings)) ?? fromString(pair) ?? (tls ? undefined : NOBODY);
  if (!found) {
    throw new EventStoreDbSettingsError('a user and a password are needed when TLS is on');
  }
  return {
    connectionString: `${scheme}://${hosts}${query === '' ? '' : `?${query}`}`,
    credentials: new Secret(found),
  };
}

/** Whether TLS is on. */
function checkedQuery(query: string): boolean {
  let tls = true;
  for (const [name, value] of new URLSearchParams(query)) {
    const key = name.toLowerCase().replaceAll(/[_-]/g, '');
    const refusal = REFUSED[key];
    if (refusal !== undefined) {
      throw new EventStoreDbSettingsError(`the connection string must not hold ${name}: ${refusal}`);
    }
    if (!KEYS.has(key)) {
      throw new EventStoreDbSettingsError(`the connection string holds an unknown key ${name.slice(0, 40)}`);
    }
    if (key === 'tls') {
      if (value !== 'true' && value !== 'false') {
        throw new EventStoreDbSettingsError('tls in the connection string is true or false');
      }
      tls = value === 'true';
    }
  }
  return tls;
}

async function fromFile({ username, passwordFile }: EventStoreDbSettings) {
  if (username === undefined && passwordFile === undefined) {
    return undefined;
  }
  if (username === undefined || passwordFile === undefined) {
    throw new EventStoreDbSettingsError('a user name and a password file come together');
  }
  let text: string;
  try {
    text = await readFile(passwordFile, 'utf8');
  } catch (error) {
    throw new EventStoreDbSettingsError(`the password file cannot be read: ${errorMessage(error)}`);
  }
  const password = text.replace(/\r?\n$/, '');
  if (password === '') {
    throw new EventStoreDbSettingsError(`the password file ${passwordFile} is empty`);
  }
  return { username, password };
}

function fromString(pair: string | undefined) {
  if (pair === undefined) {
    return undefined;
  }
  const colon = pair.indexOf(':');
  try {
    const username = decodeURIComponent(pair.slice(0, colon));
    const password = decodeURIComponent(pair.slice(colon + 1));
    if (colon > 0 && password !== '') {
      return { username, password };
    }
  } catch {
    // Said below, without showing it.
  }
  throw new EventStoreDbSettingsError(
    'what stands before @ in the connection string is not user:password, each percent-encoded',
  );
}
