// SPDX-License-Identifier: Apache-2.0
import { until } from '../harness/until.js';
import { audit } from './audit.js';
import type { Experiment, Trial } from './experiment.js';
import { startLoad } from './load.js';
import { planeFor, type Role } from './scene.js';
import { startSite } from './traffic.js';

const HOUR = 3_600_000;
const YEARS = 10 * 365.25 * 24 * HOUR;

/**
 * What the wall clock of the process does; the monotonic one goes on as ever. `ends`: a token from before is valid no
 * longer, or not yet.
 */
const JUMPS: readonly (readonly [name: string, line: () => string, ends: boolean])[] = [
  ['an hour on', () => `clock ${HOUR}`, true],
  ['an hour back', () => `clock ${-HOUR}`, true],
  ['to 1970', () => `clock ${-Date.now()}`, true],
  ['stands still', () => 'freeze', false],
  ['ten years on', () => `clock ${YEARS}`, true],
];

/** The clock of a process that decides jumps under load; what was true stays true, in the order in which it happened. */
async function clockJumps(trial: Trial): Promise<void> {
  const plane = await planeFor(trial);
  const site = await startSite(trial, plane);
  const acknowledged: string[] = [];
  const roles: readonly Role[] =
    trial.shape === 'embedded' ? ['commands'] : ['commands', 'projections', 'read-api', 'agent-gateway'];
  const hook = async (line: string): Promise<void> => {
    for (const role of roles) {
      plane.hook(role, line);
      // Each reads the one file when its signal comes.
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };
  for (const [index, [name, line, ends]] of JUMPS.entries()) {
    trial.say(`the clock: ${name}`);
    const before = startLoad(plane.api, site.workspace, 4, `before-${index}`);
    await until('commands are acknowledged', () => before.acknowledged.length > 5, 20_000);
    acknowledged.push(...(await before.end()).acknowledged);
    await hook(line());
    const old = await plane.api.request('GET', '/v1/organizations');
    trial.expect(
      old.status === (ends ? 401 : 200),
      `${name}: a token from before is answered with ${old.status}`,
    );
    const now = plane.signIn();
    const during = startLoad(now, site.workspace, 4, `during-${index}`);
    await until('commands go on', () => during.acknowledged.length > 5, 20_000);
    const { acknowledged: more, refused } = await during.end();
    trial.check('I1', refused.length === 0, `${name}: ${refused[0]}`);
    acknowledged.push(...more);
    await hook('clock 0');
    await site.change(`${name.replaceAll(' ', '-')}.example`);
  }
  trial.measure('jumps', JUMPS.length, '');
  await site.settle();
  await site.end(await audit(trial, plane, { acknowledged }));
}

/** The event loop stands still for five seconds, longer than leases are renewed and probes are answered. */
async function stall(trial: Trial): Promise<void> {
  const plane = await planeFor(trial);
  const site = await startSite(trial, plane);
  const load = startLoad(plane.api, site.workspace, 6);
  const ms = 5_000;
  const roles: readonly Role[] =
    trial.shape === 'embedded' ? ['commands'] : ['commands', 'projections', 'agent-gateway'];
  for (const role of roles) {
    await until('commands are acknowledged', () => load.acknowledged.length > 10, 20_000);
    const started = performance.now();
    plane.hook(role, `busy ${ms}`);
    await new Promise((resolve) => setTimeout(resolve, ms));
    const before = load.acknowledged.length;
    await until('commands go on', () => load.acknowledged.length > before + 5, 20_000);
    trial.measure(`${role}: writes again after`, performance.now() - started, 'ms', ms + 10_000);
  }
  await site.change('after-stall.example');
  const { acknowledged, refused } = await load.end();
  trial.check('I1', refused.length === 0, refused.slice(0, 3).join('; '));
  const more = await outOfMemory(trial, site.workspace, plane);
  await site.settle();
  await site.end(await audit(trial, plane, { acknowledged: [...acknowledged, ...more] }));
}

/** The process fills its memory until it is ended; whoever looks after it starts it again. */
async function outOfMemory(
  trial: Trial,
  workspace: string,
  plane: Awaited<ReturnType<typeof planeFor>>,
): Promise<readonly string[]> {
  const load = startLoad(plane.api, workspace, 4, 'memory');
  await until('commands are acknowledged', () => load.acknowledged.length > 5, 20_000);
  plane.hook('commands', 'full');
  // Resolves when it is gone, by whatever end: the signal only finds what is left.
  await until('the process has run out of memory', () => plane.ended('commands'), 60_000, 50);
  const started = performance.now();
  await plane.restart('commands');
  trial.measure('ready again after', performance.now() - started, 'ms', 10_000);
  const before = load.acknowledged.length;
  await until('commands go on', () => load.acknowledged.length > before + 5, 20_000);
  const { acknowledged: more, refused } = await load.end();
  trial.check('I1', refused.length === 0, refused.slice(0, 3).join('; '));
  return more;
}

export const clocks: readonly Experiment[] = [
  {
    id: 'X12',
    title: 'the wall clock jumps or stands still',
    bound: 'order by position; tokens expire rightly',
    shapes: { embedded: clockJumps, distributed: clockJumps },
  },
  {
    id: 'X39',
    title: 'the event loop stalls for 5 s; memory runs out',
    bound: 'nothing acknowledged is lost; ready ≤ 10 s',
    shapes: { embedded: stall, distributed: stall },
  },
];
