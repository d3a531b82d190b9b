// SPDX-License-Identifier: Apache-2.0
import { canonicalJson } from '../../kernel/index.js';

/** Names of the top-level fields in which two resources differ, the time of the change left out. */
export function changedFields(before: object, after: object): string[] {
  const old = before as Record<string, unknown>;
  return Object.entries(after)
    .filter(([field, value]) => field !== 'updated_at' && canonicalJson(value) !== canonicalJson(old[field]))
    .map(([field]) => field)
    .sort();
}

type Defaulted<P, D> = {
  [K in keyof P]: K extends keyof D ? Exclude<P[K], null> | D[K] : P[K];
};

/** A PATCH body in which null, which takes a field away, has become what the field is without being given. */
export function withDefaults<P extends object, D extends { readonly [K in keyof P]?: unknown }>(
  patch: P,
  defaults: D,
): Defaulted<P, D> {
  const value = ([field, given]: [string, unknown]): [string, unknown] =>
    given === null && field in defaults ? [field, defaults[field as keyof P & keyof D]] : [field, given];
  return Object.fromEntries(Object.entries(patch).map(value)) as Defaulted<P, D>;
}

/** The members of a PATCH body that were given, over the current ones. */
export function merged<T extends object>(
  current: T,
  patch: { readonly [K in keyof T]?: T[K] | undefined },
): T {
  const given = Object.entries(patch).filter(([, value]) => value !== undefined);
  return { ...current, ...Object.fromEntries(given) };
}
