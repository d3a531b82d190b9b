// SPDX-License-Identifier: Apache-2.0
/**
 * Configurations with the verdict of the real nginx, as data: `nginx-verdicts.json`. Each is a body as the API takes it,
 * or one directive of a host; `accepted` and `refused` are what nginx says of it, a warning counting as a refusal, and
 * what NxMesh must say of it before any agent is asked.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

type Body = Readonly<Record<string, unknown>>;

export type VerdictCase = {
  readonly id: string;
  readonly verdict: 'accepted' | 'refused';
} & (
  | { readonly resource: 'upstream' | 'virtual_host'; readonly body: Body }
  /** `location proxy_read_timeout 1h`: where it stands, its name, its arguments. */
  | { readonly resource: 'directive'; readonly line: string }
);

const file = join(import.meta.dirname, '..', '..', '..', 'test', 'corpus', 'nginx-verdicts.json');

export const verdictCases = (): readonly VerdictCase[] =>
  JSON.parse(readFileSync(file, 'utf8')) as readonly VerdictCase[];

interface Server {
  readonly address: string;
  readonly weight?: number;
  readonly max_fails?: number;
  readonly fail_timeout?: number;
  readonly backup?: boolean;
  readonly down?: boolean;
}

interface Place {
  readonly path: string;
  readonly proxy_pass?: string;
  readonly rewrite_rules?: readonly { pattern: string; replacement: string; flag?: string }[];
}

const METHODS: Readonly<Record<string, string>> = { least_connections: 'least_conn;', ip_hash: 'ip_hash;' };
const given = (name: string, value: number | undefined, unit = ''): string =>
  value === undefined ? '' : ` ${name}=${value}${unit}`;

function upstream(index: number, body: Body): string {
  const lines = (body['servers'] as readonly Server[]).map(
    ({ address, weight, max_fails, fail_timeout, backup, down }) =>
      `server ${address}${given('weight', weight)}${given('max_fails', max_fails)}${given('fail_timeout', fail_timeout, 's')}${backup ? ' backup' : ''}${down ? ' down' : ''};`,
  );
  const keepalive = body['keepalive_connections'];
  const more = keepalive === undefined ? '' : `keepalive ${JSON.stringify(keepalive)};`;
  return `upstream u${index} { ${METHODS[String(body['algorithm'])] ?? ''} ${lines.join(' ')} ${more} }`;
}

function place({ path, proxy_pass, rewrite_rules = [] }: Place): string {
  const rules = rewrite_rules.map(
    ({ pattern, replacement, flag = '' }) => `rewrite "${pattern}" "${replacement}" ${flag};`,
  );
  return `location ${path} { ${proxy_pass === undefined ? '' : `proxy_pass ${proxy_pass};`} ${rules.join(' ')} }`;
}

function host(socket: string, body: Body): string {
  const listens = (body['listens'] ?? []) as readonly { address?: string; port: number; ssl?: boolean }[];
  const first =
    body['listen_port'] === undefined
      ? `unix:${socket}`
      : `${JSON.stringify(body['listen_port'])}${body['ssl_enabled'] ? ' ssl' : ''}`;
  const sockets = [
    first,
    ...listens.map(({ address = '0.0.0.0', port, ssl }) => `${address}:${port}${ssl ? ' ssl' : ''}`),
  ];
  const places = ((body['locations'] ?? []) as readonly Place[]).map(place);
  return `server { ${sockets.map((one) => `listen ${one};`).join(' ')} server_name ${String(body['server_name'])}; ${places.join(' ')} }`;
}

/** The case as nobody should write it: each value put where it belongs, and nothing looked at. `folder` has a pair `tls`. */
export function plainText(one: VerdictCase, index: number, folder: string): string {
  const socket = join(folder, `s${index}.sock`);
  switch (one.resource) {
    case 'upstream':
      return upstream(index, one.body);
    case 'virtual_host':
      return host(socket, one.body);
    case 'directive': {
      const [context = '', ...line] = one.line.split(' ');
      const directive = `${line.join(' ')};`;
      const inside = context === 'server' ? directive : `location / { ${directive} }`;
      // What OpenSSL thinks of ciphers is asked only where there is TLS.
      const tls = directive.startsWith('ssl_ciphers') && context === 'server';
      const pair = 'ssl_certificate tls.pem; ssl_certificate_key tls.key;';
      return `server { listen unix:${socket}${tls ? ' ssl' : ''}; server_name a.test; ${tls ? pair : ''} ${inside} }`;
    }
    default:
      return one satisfies never;
  }
}
