// SPDX-License-Identifier: Apache-2.0
import { until } from '../harness/until.js';
import { audit } from './audit.js';
import type { Experiment, Trial } from './experiment.js';
import { startLoad } from './load.js';
import { planeFor } from './scene.js';
import { startSite } from './traffic.js';

const RESUME_MS = 10_000;
/** A request that waits for the read store is answered by then. */
const ANSWER_MS = 12_000;
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const tally = (statuses: readonly number[]): string => {
  const counts = new Map<number, number>();
  for (const status of statuses) {
    counts.set(status, (counts.get(status) ?? 0) + 1);
  }
  return [...counts].map(([status, count]) => `${status} ×${count}`).join(' ');
};

/** The read store goes away and comes back, and answers late. */
async function readStoreAway(trial: Trial): Promise<void> {
  const plane = await planeFor(trial);
  const { mongo } = plane.parts ?? {};
  const site = await startSite(trial, plane);
  const load = startLoad(plane.api, site.workspace, 6);
  await until('commands are acknowledged', () => load.acknowledged.length > 20, 30_000);
  mongo?.down(true);
  const taken = load.acknowledged.length;
  const reads: number[] = [];
  let longest = 0;
  for (const end = performance.now() + trial.count(4_000, 60_000); performance.now() < end; ) {
    const asked = performance.now();
    const answer = await plane.api.request('GET', `${site.workspace}/upstreams`).catch(() => undefined);
    reads.push(answer?.status ?? 0);
    longest = Math.max(longest, performance.now() - asked);
    await pause(100);
  }
  trial.check(
    'I4',
    reads.every((status) => status === 503 || status === 200),
    `reads: ${tally(reads)}`,
  );
  trial.measure('longest read', longest, 'ms', ANSWER_MS);
  trial.measure('writes acknowledged while it was away', load.acknowledged.length - taken, '');
  trial.say(`reads while it was away: ${tally(reads)}`);
  mongo?.down(false);
  const back = performance.now();
  const before = load.acknowledged.length;
  await until('commands are acknowledged', () => load.acknowledged.length > before + 5, 30_000);
  trial.measure('writes again after', performance.now() - back, 'ms', RESUME_MS);
  await until(
    'reads are answered',
    async () => (await plane.api.request('GET', `${site.workspace}/upstreams`)).status === 200,
    30_000,
  );
  trial.measure('reads again after', performance.now() - back, 'ms', RESUME_MS);
  mongo?.slow(100);
  const slow = load.acknowledged.length;
  await until('commands are acknowledged, slowly', () => load.acknowledged.length > slow + 5, 60_000);
  mongo?.slow(0);
  await site.change('after-slow.example');
  const { acknowledged, refused, serverErrors } = await load.end();
  trial.check('I1', refused.length === 0, refused.slice(0, 3).join('; '));
  trial.say(`writes answered with ${tally(serverErrors) || 'no error'} meanwhile`);
  await site.settle();
  await site.end(await audit(trial, plane, { acknowledged }));
}

/** Answers of appends are lost after the write, and the server goes away and comes back. */
async function logAway(trial: Trial): Promise<void> {
  const plane = await planeFor(trial);
  const eventstore = plane.parts?.eventstore;
  const site = await startSite(trial, plane);
  const load = startLoad(plane.api, site.workspace, 6);
  await until('commands are acknowledged', () => load.acknowledged.length > 20, 30_000);
  const lost = trial.count(20, 200);
  for (let n = 0; n < lost; n += 1) {
    eventstore?.node().faults.inject('append', { kind: 'lost' });
    eventstore?.node().faults.inject('batchAppend', { kind: 'lost' });
    const before = load.acknowledged.length;
    await until('commands are acknowledged', () => load.acknowledged.length > before + 2, 30_000);
  }
  eventstore?.node().faults.clear();
  trial.measure('answers lost', lost, '');
  eventstore?.down();
  await pause(trial.count(3_000, 30_000));
  await eventstore?.up();
  const back = performance.now();
  const before = load.acknowledged.length;
  await until('commands are acknowledged', () => load.acknowledged.length > before + 5, 60_000);
  trial.measure('writes again after', performance.now() - back, 'ms', RESUME_MS);
  await site.change('after-log.example');
  const { acknowledged, refused } = await load.end();
  trial.check('I1', refused.length === 0, refused.slice(0, 3).join('; '));
  await site.settle();
  await site.end(await audit(trial, plane, { acknowledged }));
}

export const servers: readonly Experiment[] = [
  {
    id: 'X18',
    title: 'the read store is down, up again, and slow',
    bound: 'reads 503; writes again ≤ 10 s',
    shapes: { distributed: readStoreAway },
  },
  {
    id: 'X19',
    title: 'answers of appends are lost; the log is down and up',
    bound: 'one copy; writes again ≤ 10 s',
    shapes: { distributed: logAway },
  },
];
