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

/** The members of a PATCH body that were given, over the current ones. */
export function merged<T extends object>(
  current: T,
  patch: { readonly [K in keyof T]?: T[K] | undefined },
): T {
  const given = Object.entries(patch).filter(([, value]) => value !== undefined);
  return { ...current, ...Object.fromEntries(given) };
}
