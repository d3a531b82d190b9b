// SPDX-License-Identifier: Apache-2.0
import { hash, verify } from '@node-rs/argon2';
import { type Deferred, deferred, NxError, type Secret } from '../../kernel/index.js';
import { MAX_PASSWORD_BYTES, normalized } from './password-rules.js';

/** argon2id with 19 MiB, two passes and one lane (OWASP's password storage cheat sheet). */
const OPTIONS = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

const AT_ONCE = 2;
const WAITING = 32;

export interface Passwords {
  /** PHC string. */
  hash(password: Secret): Promise<string>;
  /** With no hash, takes as long as with one and says no: who asks does not learn whether the user exists. */
  verify(password: Secret, phc: string | undefined): Promise<boolean>;
}

/** A bounded pool: many logins at once cost neither memory nor the event loop; beyond the queue they are refused. */
export function passwords(): Passwords {
  let running = 0;
  const waiting: Deferred<void>[] = [];
  let dummy: Promise<string> | undefined;

  async function bounded<T>(task: () => Promise<T>): Promise<T> {
    if (running >= AT_ONCE) {
      if (waiting.length >= WAITING) {
        throw new NxError('RATE_LIMITED', 'Too many sign-ins at once');
      }
      const turn = deferred();
      waiting.push(turn);
      await turn.promise;
    }
    running += 1;
    try {
      return await task();
    } finally {
      running -= 1;
      waiting.shift()?.resolve();
    }
  }

  return {
    hash: (password) => bounded(() => hash(normalized(password), OPTIONS)),
    verify: (password, phc) =>
      bounded(async () => {
        dummy ??= hash('nobody has this password', OPTIONS);
        const text = normalized(password);
        const right = await verify(phc ?? (await dummy), text);
        return right && phc !== undefined && Buffer.byteLength(text) <= MAX_PASSWORD_BYTES;
      }),
  };
}
