// SPDX-License-Identifier: Apache-2.0
/** One run: random operations by everybody, with the model beside it, over killed processes and read models made again. */
import * as assert from 'uvu/assert';
import { readHashes } from '../harness/read-hashes.js';
import { until } from '../harness/until.js';
import { createCertificate } from './certificates.js';
import { killed, race } from './crash.js';
import type { Asker, Workspace } from './model.js';
import { auditHolds, follower, walkHolds } from './outward.js';
import {
  historiesHold,
  isPublished,
  momentsHold,
  pastPeopleHold,
  portrait,
  versionsHold,
  versionsOf,
} from './past.js';
import { PEOPLE } from './people.js';
import { perform } from './perform.js';
import { PLANS, type Plan } from './plans.js';
import { peopleAre, presentHolds } from './present.js';
import { restoreOf, rollbackOf, undoOf } from './rewind.js';
import { type Step, stepsOf } from './steps.js';
import { organizationOf, startWorld, type World } from './world.js';

export interface Ran {
  readonly operations: number;
  /** Operation → how many were done, and how many refused. */
  readonly tried: Readonly<Record<string, number>>;
  readonly events: number;
}

/** How many steps there are between two looks at everything. */
const LOOK = 12;

export async function runModel(seed: number, count: number, { kills = 0, moments = 12 } = {}): Promise<Ran> {
  const world = await startWorld(String(seed));
  try {
    return await run(world, stepsOf(count, seed), kills, moments);
  } finally {
    await world.end();
  }
}

async function published(world: World, workspace: Workspace): Promise<void> {
  await until('everything is published', async () => {
    await versionsOf(world, workspace);
    return isPublished(workspace);
  });
}

/** The plan of a step; undefined where there is nothing to do it to. */
async function planOf(world: World, workspace: Workspace, step: Step, by: Asker): Promise<Plan | undefined> {
  const { operation, n } = step;
  switch (operation) {
    case 'undo':
    case 'rollback': {
      await published(world, workspace);
      const last = workspace.versions.length - 1;
      // The newest ones are those that nothing stands in the way of.
      const version = n % 3 === 0 ? 1 + (n % Math.max(1, last)) : Math.max(1, last - (n % 4));
      return last === 0 ? undefined : (operation === 'undo' ? undoOf : rollbackOf)(workspace, version);
    }
    case 'restore':
      return restoreOf(workspace, step);
    case 'createCertificate':
      return createCertificate(world.pairs, workspace, step);
    case 'addMember':
    case 'changeMember':
    case 'removeMember':
    case 'narrow':
    case 'widen': {
      const users = world.model.askers.filter((one) => one.scopes === undefined);
      const userId = users[step.which % users.length]?.userId ?? '';
      const organization = organizationOf(world, workspace.organizationId);
      return PEOPLE[operation]({ organization, workspace, by, userId, step });
    }
    case 'race':
    case 'walk':
      return undefined;
    default:
      return PLANS[operation](workspace, step);
  }
}

async function run(world: World, steps: readonly Step[], kills: number, moments: number): Promise<Ran> {
  const { model } = world;
  const tried: Record<string, number> = {};
  const feed = follower(world);
  await feed.connect();
  const killEvery = Math.ceil(steps.length / (kills + 1));
  for (const [index, step] of steps.entries()) {
    const workspace = model.workspaces[step.where % model.workspaces.length] as Workspace;
    // Half of it is done by whoever may do everything, else too little comes to be.
    const by = model.askers[step.who % 2 === 0 ? 0 : step.who % model.askers.length] as Asker;
    tried[step.operation] = (tried[step.operation] ?? 0) + 1;
    if (step.operation === 'race') {
      await race(world, workspace, step);
    } else if (step.operation === 'walk') {
      const write = () => race(world, workspace, step);
      await walkHolds(world, workspace.organizationId, write);
    }
    const plan = await planOf(world, workspace, step, by);
    if (plan) {
      await perform(world, plan, step, by);
    }
    if (index % killEvery === killEvery - 1 && index < steps.length - 1) {
      await killed(world, workspace, index);
      await feed.connect();
    } else if (index % 25 === 24) {
      feed.drop();
      await feed.connect();
    }
    if (index % LOOK === LOOK - 1) {
      await presentHolds(world, workspace);
      const organization = organizationOf(world, workspace.organizationId);
      await peopleAre(world, organization, organization.people);
    }
  }
  await killed(world, model.workspaces[0] as Workspace, steps.length);
  await feed.connect();
  for (const workspace of model.workspaces) {
    await published(world, workspace);
  }
  await everythingHolds(world, moments);
  await feed.holds();
  const documents = await madeAgain(world, moments);
  await feed.connect();
  await feed.holds();
  feed.end();
  await world.stop();
  assert.equal(await readHashes(world.dataDir), documents, 'read models made again');
  const events = model.workspaces.reduce((sum, { told }) => sum + told.length, 0);
  return { operations: steps.length, tried, events };
}

async function everythingHolds(world: World, moments: number): Promise<void> {
  for (const workspace of world.model.workspaces) {
    await presentHolds(world, workspace);
    await momentsHold(world, workspace, moments);
    await historiesHold(world, workspace);
    await versionsHold(world, workspace, moments);
  }
  for (const organization of world.model.organizations) {
    await peopleAre(world, organization, organization.people);
  }
  await pastPeopleHold(world, moments);
  await auditHolds(world);
}

/** Read models that another process makes again from the log show the same to the byte. Gives the hashes of before. */
async function madeAgain(world: World, moments: number): Promise<unknown> {
  const shown = await portrait(world, moments);
  let documents: unknown;
  await world.restart('SIGTERM', async () => {
    documents = await readHashes(world.dataDir);
    world.forget();
  });
  assert.equal([...(await portrait(world, moments))], [...shown], 'after the read models were made again');
  return documents;
}
