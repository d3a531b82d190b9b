// SPDX-License-Identifier: Apache-2.0
/** What no output may show: planted by us where a route takes a secret, or made by the program and shown once. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Route } from '../../http/index.js';
import type { Words } from './sample.js';
import type { Seen } from './world.harness.js';

/** Fields of bodies that hold a secret, besides those that a schema calls `writeOnly`. */
const SECRET_FIELD = /password|secret|token|private_key|credential/;

interface Shape {
  readonly writeOnly?: boolean;
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly anyOf?: readonly Shape[];
}

/** A canary for every field of a route's body that holds a secret; each is told from the others. */
export function canariesFor({ operationId, body }: Route): Words {
  const names = (shape: Shape): string[] => [
    ...Object.entries(shape.properties ?? {}).flatMap(([name, one]) => [
      ...(one.writeOnly === true || SECRET_FIELD.test(name) ? [name] : []),
      ...names(one),
    ]),
    ...(shape.anyOf ?? []).flatMap(names),
  ];
  const own = names((body ?? {}) as Shape);
  return Object.fromEntries(own.map((name) => [name, `Canary-${operationId}-${name}-9`]));
}

/** The middle of a PEM: what names a key, and would be left of one that was cut. */
export const pemLine = (pem: string): string =>
  pem.split('\n').find((line) => /^[A-Za-z0-9+/]{64}$/.test(line)) ?? pem;

/** Fields of answers that show a secret. */
const SHOWN_FIELD = /^(token|key|secret|access_token|refresh_token|ticket)$/;

/** The secrets that an answer shows. */
export function shownIn(value: unknown, name = ''): string[] {
  if (typeof value === 'string') {
    return SHOWN_FIELD.test(name) && value.length >= 20 ? [value] : [];
  }
  return typeof value === 'object' && value !== null
    ? Object.entries(value).flatMap(([key, one]) => shownIn(one, Array.isArray(value) ? name : key))
    : [];
}

/** Secrets in cookies. */
export const cookiesOf = ({ answer }: Seen): string[] =>
  (answer.headers['set-cookie'] ?? [])
    .map((one) => /^[^=]+=([^;]*)/.exec(one)?.[1] ?? '')
    .filter((one) => one.length >= 20);

/** A secret in the ways that it could be written down. */
export const spellings = (secret: string): string[] => [
  ...new Set([
    secret,
    encodeURIComponent(secret),
    Buffer.from(secret).toString('base64').replace(/=+$/, ''),
    Buffer.from(secret).toString('base64url'),
    Buffer.from(secret).toString('hex'),
  ]),
];

/** Everything that a folder's files hold, by their names. */
export const filesIn = (folder: string): Map<string, Buffer> =>
  new Map(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => [entry.name, readFileSync(join(entry.parentPath, entry.name))]),
  );

/** The operation that an answer is of. */
export function operationOf(routes: readonly Route[], { method, path }: Seen): string {
  const bare = path.split('?')[0] ?? '';
  const found = routes
    .filter((one) => one.method === method)
    .filter((one) => new RegExp(`^${one.path.replaceAll(/\{[a-z_]+\}/g, '[^/]+')}$`).test(bare));
  return (found.find((one) => one.path === bare) ?? found[0])?.operationId ?? `${method} ${bare}`;
}
