// SPDX-License-Identifier: Apache-2.0
/** Waits until `look` gives something other than undefined or false; throws with `what` at the deadline. */
export async function until<T>(
  what: string,
  look: () => Promise<T> | T,
  ms = 10_000,
  everyMs = 20,
): Promise<NonNullable<T>> {
  const deadline = performance.now() + ms;
  let last: unknown;
  while (performance.now() < deadline) {
    try {
      const found = await look();
      if (found !== undefined && found !== null && found !== false) {
        return found as NonNullable<T>;
      }
      last = found;
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
  throw new Error(
    `waited ${ms} ms for: ${what}; last seen: ${last instanceof Error ? last.message : JSON.stringify(last)}`,
  );
}
