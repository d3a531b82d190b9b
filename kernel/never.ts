// SPDX-License-Identifier: Apache-2.0
/** Closes a `switch` over a union: a new member that nobody handles is then a type error. */
export function never(value: never, what = 'value'): never {
  throw new Error(`unhandled ${what}: ${JSON.stringify(value)}`);
}

/** Assertion that stays on in production: a broken invariant stops the work with a message. */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) {
    throw new Error(`invariant broken: ${message}`);
  }
}
