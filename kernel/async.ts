// SPDX-License-Identifier: Apache-2.0
/** A promise with its own settling functions. */
export interface Deferred<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(error: unknown): void;
}

export function deferred<T = void>(): Deferred<T> {
  let resolve!: (value: T) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

/** A signal that many can wait for: `wait()` resolves at the next `notify()`. */
export interface Notifier {
  notify(): void;
  wait(): Promise<void>;
}

export function notifier(): Notifier {
  let current = deferred();
  return {
    notify: () => {
      const old = current;
      current = deferred();
      old.resolve();
    },
    wait: () => current.promise,
  };
}

export const errorMessage = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
