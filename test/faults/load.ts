// SPDX-License-Identifier: Apache-2.0
import { randomUUID } from 'node:crypto';
import type { Api } from '../harness/api.js';

/** Clients that create upstreams and retry, with the same key, whatever does not end well. */
export interface Load {
  readonly acknowledged: readonly string[];
  /** Ends it once every command under way has its answer. */
  end(): Promise<LoadSummary>;
}

export interface LoadSummary {
  readonly acknowledged: readonly string[];
  /** Answers from 500 up. */
  readonly serverErrors: readonly number[];
  /** Connections that nobody took: nothing was sent on them. */
  readonly notTaken: number;
  /** Requests that were sent, and whose connection ended without an answer. */
  readonly unanswered: number;
  /** Answers that no retry can mend. */
  readonly refused: readonly string[];
  /** Longest time from a command's first try to its success. */
  readonly longestMs: number;
}

const PAUSE_MS = 50;
const GIVE_UP_MS = 60_000;

const isRefused = ({ cause }: Error): boolean =>
  cause instanceof Error && 'code' in cause && cause.code === 'ECONNREFUSED';

export function startLoad(api: Api, workspace: string, writers: number, prefix = 'load'): Load {
  const acknowledged: string[] = [];
  const serverErrors: number[] = [];
  const refused: string[] = [];
  let notTaken = 0;
  let unanswered = 0;
  let longestMs = 0;
  let open = true;

  async function command(name: string): Promise<void> {
    const key = randomUUID();
    const started = performance.now();
    while (performance.now() - started < GIVE_UP_MS) {
      const body = { name, servers: [{ address: '10.0.0.1:80' }] };
      const answer = await api
        .request('POST', `${workspace}/upstreams`, body, { 'Idempotency-Key': key })
        .catch((error: Error) => {
          notTaken += isRefused(error) ? 1 : 0;
          unanswered += isRefused(error) ? 0 : 1;
        });
      if (answer?.status === 201) {
        acknowledged.push(answer.body.id);
        longestMs = Math.max(longestMs, performance.now() - started);
        return;
      }
      if (answer && answer.status >= 500) {
        serverErrors.push(answer.status);
      } else if (answer && answer.status !== 429 && answer.status !== 409) {
        refused.push(`${answer.status} ${JSON.stringify(answer.body)}`);
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
    refused.push(`${name}: no success in ${GIVE_UP_MS} ms`);
  }
  const running = Array.from({ length: writers }, async (_, writer) => {
    for (let n = 0; open; n += 1) {
      await command(`${prefix}-${writer}-${n}`);
    }
  });
  return {
    acknowledged,
    end: async () => {
      open = false;
      await Promise.all(running);
      return { acknowledged, serverErrors, notTaken, unanswered, refused, longestMs };
    },
  };
}
