// SPDX-License-Identifier: Apache-2.0
/** Sends random bodies to every route that takes one, as somebody who may do it, and looks at what becomes of them. */
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import type { Route } from '../../http/index.js';
import { addressOf, startTenants } from '../authorization/tenants.harness.js';
import { bodiesFor } from './bodies.js';
import { type Stall, watchStalls } from './stalls.js';

/** Each costs a hash of a password, or a count of tries that refuses the rest; they have tests of their own. */
const LEFT_OUT = /^(platform)?(login|refreshSession|createUser|changePassword|updateUser|updateMe)$/i;

export interface Fuzzed {
  readonly sent: number;
  readonly byStatus: Readonly<Record<string, number>>;
  /** Answers that blame us. */
  readonly faults: readonly string[];
  /** Requests that were refused and left an event all the same. */
  readonly leftEvents: readonly string[];
  /** The longest that an answer took, in milliseconds. */
  readonly slowestMs: number;
  /** When the event loop, which server and client share here, stood still for more than 50 ms, and on whose account. */
  readonly stalls: readonly Stall[];
}

const AT_ONCE = 8;

/** About `total` bodies, as many to each route. The same seed sends the same ones. */
export async function fuzzBodies(total: number, seed: number): Promise<Fuzzed> {
  const tenants = await startTenants('fuzz');
  try {
    return await run(tenants, total, seed);
  } finally {
    await tenants.close();
  }
}

async function run(tenants: Awaited<ReturnType<typeof startTenants>>, total: number, seed: number) {
  const routes = tenants.routes.filter(
    ({ body, operationId }) => body !== undefined && !LEFT_OUT.test(operationId),
  );
  const each = Math.ceil(total / routes.length);
  const stalls = watchStalls();
  const byStatus: Record<string, number> = {};
  const faults: string[] = [];
  const refused = new Set<string>();
  let sent = 0;
  let slowestMs = 0;

  async function send(route: Route, body: unknown, number: number): Promise<void> {
    const name = `fuzz-${route.operationId}-${number}`;
    const path = addressOf(route, tenants.own);
    stalls.begin(name);
    const started = performance.now();
    const answer = await tenants.call('owner', route.method, path, {
      body,
      headers: { 'x-request-id': name },
    });
    slowestMs = Math.max(slowestMs, performance.now() - started);
    stalls.end(name);
    sent += 1;
    byStatus[answer.status] = (byStatus[answer.status] ?? 0) + 1;
    if (answer.status >= 500) {
      faults.push(`${route.operationId} ${answer.status} ${JSON.stringify(body)?.slice(0, 500)}`);
    }
    if (answer.status >= 400) {
      refused.add(name);
    }
  }

  for (const route of routes) {
    const bodies = fc.sample(bodiesFor(route.body ?? {}), { numRuns: each, seed }).entries();
    // Making the bodies holds up the loop too, and is no business of the server's.
    await turn();
    stalls.watch(true);
    await Promise.all(
      Array.from({ length: AT_ONCE }, async () => {
        for (const [number, body] of bodies) {
          await send(route, body, number);
        }
      }),
    );
    stalls.watch(false);
  }

  const stood = stalls.close();
  const leftEvents: string[] = [];
  const head = await tenants.context.events.head();
  for await (const delivery of tenants.context.events.subscribe({
    after: 0n,
    signal: AbortSignal.timeout(60_000),
  })) {
    if (delivery.kind === 'event' && refused.has(delivery.event.meta.correlation_id)) {
      leftEvents.push(`${delivery.event.type} of ${delivery.event.meta.correlation_id}`);
    }
    if (delivery.kind === 'caught-up' && delivery.position >= head) {
      break;
    }
  }
  return { sent, byStatus, faults, leftEvents, slowestMs, stalls: stood };
}
