// SPDX-License-Identifier: Apache-2.0
import { execFile } from 'node:child_process';

/** Runs a program to its end; gives what it printed (both streams). Throws with it, also when the time is up. */
export function runToEnd(program: string, args: readonly string[], timeoutMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(program, args, { timeout: timeoutMs, maxBuffer: 16 << 20 }, (error, stdout, stderr) => {
      const output = `${stdout}${stderr}`;
      if (error) {
        const why = error.killed ? `not done in ${timeoutMs / 1000} s` : error.message.split('\n')[0];
        reject(new Error(`${program}: ${why}\n${output.slice(-2000)}`, { cause: error }));
      } else {
        resolve(output);
      }
    });
  });
}

/** True when the program is there and answers. */
export const works = (program: string, ...args: readonly string[]): Promise<boolean> =>
  runToEnd(program, args, 20_000).then(
    () => true,
    () => false,
  );

/** What a machine lacks is said aloud, and is a failure where everything is to be tested. */
export function skip(what: string, why: string): undefined {
  if (process.env['CI'] === 'true') {
    throw new Error(`${what}: ${why}; nothing is skipped with CI=true`);
  }
  console.log(`skipped: ${what}: ${why}`);
  return undefined;
}
