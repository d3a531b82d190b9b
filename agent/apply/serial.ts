// SPDX-License-Identifier: Apache-2.0
/** Runs tasks one after the other; a task that fails does not hold up the next. */
export interface Serial {
  run<T>(task: () => Promise<T>): Promise<T>;
  /** Whether something runs or waits. */
  busy(): boolean;
  /** When everything that was asked for until now is done. */
  idle(): Promise<void>;
}

export function createSerial(): Serial {
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  return {
    run: (task) => {
      waiting += 1;
      const result = last.then(task).finally(() => {
        waiting -= 1;
      });
      last = result.catch(() => undefined);
      return result;
    },
    busy: () => waiting > 0,
    idle: async () => {
      await last;
    },
  };
}
