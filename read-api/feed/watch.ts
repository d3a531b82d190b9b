// SPDX-License-Identifier: Apache-2.0
import { isDeepStrictEqual } from 'node:util';
import type { Principal } from '../../http/index.js';
import { errorMessage } from '../../kernel/index.js';
import type { Connection } from './connection.js';
import type { FeedDeps, FeedLimits } from './deps.js';

/** Who cannot be asked about for this long may be anybody by now. */
const BLIND_MS = 10_000;
const COALESCE_MS = 50;

export const keyOf = ({ kind, id, sessionId }: Principal): string => `${kind} ${id} ${sessionId ?? ''}`;

/**
 * Looks at every principal with open connections again and again, so that what was taken from it ends them within a
 * second, and at every subscriber, whether it takes anything. Returns what stops it.
 */
export function watch(
  {
    clock,
    timers,
    logger,
    reload,
    changed,
  }: Pick<FeedDeps, 'clock' | 'timers' | 'logger' | 'reload' | 'changed'>,
  limits: FeedLimits,
  connections: ReadonlySet<Connection>,
): () => void {
  const unseen = new Map<string, number>();
  let looking = false;

  async function look(key: string, group: readonly Connection[]): Promise<void> {
    const [first] = group;
    if (!first) {
      return;
    }
    try {
      const now = await reload(first.principal);
      unseen.delete(key);
      for (const one of group) {
        settle(one, now);
      }
    } catch (error) {
      const since = unseen.get(key) ?? clock.monotonic();
      unseen.set(key, since);
      if (clock.monotonic() - since >= BLIND_MS) {
        logger.warn({ error: errorMessage(error) }, 'a principal cannot be looked up; its sockets end');
        for (const one of group) {
          one.subscriber.end('unavailable');
        }
        unseen.delete(key);
      }
    }
  }

  function settle(one: Connection, found: Principal | undefined): void {
    if (!found) {
      one.subscriber.end('revoked');
      return;
    }
    const { expiresAt } = one.principal;
    const now = { ...found, ...(expiresAt === undefined ? {} : { expiresAt }) };
    if (!isDeepStrictEqual(now, one.principal)) {
      one.became(now);
    }
  }

  async function lookAtAll(): Promise<void> {
    const groups = new Map<string, Connection[]>();
    for (const one of connections) {
      one.subscriber.check();
      if ((one.principal.expiresAt ?? Number.POSITIVE_INFINITY) <= clock.now()) {
        one.subscriber.end('expired');
        continue;
      }
      const key = keyOf(one.principal);
      groups.set(key, [...(groups.get(key) ?? []), one]);
    }
    await Promise.all([...groups].map(([key, group]) => look(key, group)));
  }

  const lookOnce = (): void => {
    if (!looking) {
      looking = true;
      void lookAtAll().finally(() => {
        looking = false;
      });
    }
  };

  let stopped = false;
  async function lookWhenChanged(when: () => Promise<void>): Promise<void> {
    while (!stopped) {
      await when();
      lookOnce();
      // Many changes at once are one to us.
      await timers.sleep(COALESCE_MS);
    }
  }
  if (changed) {
    void lookWhenChanged(changed);
  }
  const stopTicking = timers.every(limits.recheckMs, lookOnce);
  return () => {
    stopped = true;
    stopTicking();
  };
}
