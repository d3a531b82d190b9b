// SPDX-License-Identifier: Apache-2.0
const MAX_DEPTH = 64;

/**
 * Whether `JSON.parse(JSON.stringify(value))` gives the same value: a schema sees neither a `Date` in a free member,
 * nor a `Map` where an object may be empty, nor a member that is `undefined`, and JSON changes them silently.
 */
export function isJson(value: unknown, depth = 0): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true;
    case 'number':
      return Number.isFinite(value);
    case 'object':
      return value === null || (depth < MAX_DEPTH && isJsonObject(value, depth + 1));
    default:
      return false;
  }
}

function isJsonObject(value: object, depth: number): boolean {
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index += 1) {
      if (!isJson(value[index], depth)) {
        return false;
      }
    }
    return true;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    return false;
  }
  const members = value as Record<string, unknown>;
  for (const key of Object.keys(members)) {
    if (!isJson(members[key], depth)) {
      return false;
    }
  }
  return true;
}
