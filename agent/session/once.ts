// SPDX-License-Identifier: Apache-2.0

const MOST_KNOWN = 256;

/** Does what has this id once; who asks again gets the same answer, also while it is still being done. */
export type Once<T> = (id: string, task: () => Promise<T>) => Promise<T>;

/**
 * A gateway that was killed, or another one, may hand over a command again whose answer it has not seen. Outlives the
 * session; of very many the oldest are forgotten.
 */
export function createOnce<T>(): Once<T> {
  const known = new Map<string, Promise<T>>();
  return (id, task) => {
    if (id === '') {
      return task();
    }
    const done = known.get(id) ?? task();
    known.set(id, done);
    for (const oldest of known.keys()) {
      if (known.size <= MOST_KNOWN) {
        break;
      }
      known.delete(oldest);
    }
    return done;
  };
}
