// SPDX-License-Identifier: Apache-2.0
import { invariant } from '../kernel/index.js';
import type { EventType } from '../schemas/index.js';

/** Brings an event's data from one version to the next. Pure: it sees nothing but the data. */
export type Upcast = (data: unknown) => unknown;

/** Type → version → function to the version after it. */
export type Upcasts = { readonly [T in EventType]?: Readonly<Record<number, Upcast>> };

type Part = Readonly<Record<string, unknown>>;

/** Virtual hosts of before listened on one socket. */
const withListens = (host: unknown): Part => ({ ...(host as Part), listens: [] });

const hostWithListens: Upcast = (data) => {
  const { virtual_host, ...rest } = data as Part;
  return { ...rest, virtual_host: withListens(virtual_host) };
};

const upsertsWithListens: Upcast = (data) => {
  const { upserts, ...rest } = data as Part & { upserts: readonly (Part & { kind: string })[] };
  return {
    ...rest,
    upserts: upserts.map((one) =>
      one.kind === 'virtual_host' ? { ...one, resource: withListens(one['resource']) } : one,
    ),
  };
};

/** Every released version of a type but the newest has its step here, for ever: the log never forgets an old event. */
export const upcasts: Upcasts = {
  'virtual_host.created': { 1: hostWithListens },
  'virtual_host.updated': { 1: hostWithListens },
  'config.version_published': { 1: upsertsWithListens },
};

/** For every type: version → all its steps as one function. Throws when the steps do not fit the type's version. */
export function composeUpcasts(
  types: readonly EventType[],
  versionOf: (type: EventType) => number,
  registry: Upcasts,
): ReadonlyMap<string, ReadonlyMap<string, Upcast>> {
  for (const type of Object.keys(registry)) {
    invariant(types.includes(type as EventType), `upcast of unknown event type ${type}`);
  }
  return new Map(types.map((type) => [type, composed(type, versionOf(type), registry[type] ?? {})]));
}

function composed(
  type: string,
  newest: number,
  steps: Readonly<Record<number, Upcast>>,
): Map<string, Upcast> {
  for (const version of Object.keys(steps).map(Number)) {
    invariant(version >= 1 && version < newest, `upcast of ${type}@${version}, whose newest is ${newest}`);
  }
  const lift = new Map<string, Upcast>();
  let rest: Upcast = (data) => data;
  for (let version = newest - 1; version >= 1; version -= 1) {
    const step = steps[version];
    invariant(step, `no upcast of ${type}@${version}`);
    const after = rest;
    rest = (data) => after(step(data));
    lift.set(String(version), rest);
  }
  return lift;
}
