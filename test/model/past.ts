// SPDX-License-Identifier: Apache-2.0
/** What the API shows of the past, held to what it showed then: `?at=`, histories, versions and what lies between them. */
import { randomUUID } from 'node:crypto';
import * as assert from 'uvu/assert';
import { changedBetween, type Doc, PLURALS, type Told, type Workspace } from './model.js';
import { allPages, listsAre, peopleAre } from './present.js';
import { diffs, standingAt } from './rewind.js';
import type { World } from './world.js';

/** About `count` of them, spread over all. */
export const some = <T>(all: readonly T[], count: number): readonly T[] =>
  all.filter((_, index) => index % Math.max(1, Math.ceil(all.length / count)) === 0);

/** Every resource that ever was, at some of the moments, and each list: by revision, position and instant. */
export async function momentsHold(world: World, workspace: Workspace, count: number): Promise<void> {
  const ids = new Map(workspace.told.map(({ id, kind }) => [id, kind]));
  for (const [index, { revision, position, instant, standing }] of some(workspace.moments, count).entries()) {
    for (const at of [`revision:${revision}`, `position:${position}`, instant]) {
      await listsAre(world, workspace, standing, { more: `?at=${at}`, perPage: 50 });
    }
    for (const [id, kind] of some([...ids], 6)) {
      const at = [`revision:${revision}`, `position:${position}`, instant][index % 3];
      const path = `/v1/${PLURALS[kind]}/${id}?at=${at}`;
      const shown = await world.call(world.admin, 'GET', path);
      const kept = standing.get(id);
      assert.is(shown.status, kept ? 200 : 404, path);
      if (kept) {
        assert.equal(shown.body, kept.doc, path);
        assert.is(shown.headers.get('etag'), `"${kept.revision}"`, path);
      }
    }
  }
}

function groupBy<T>(all: readonly T[], keyOf: (one: T) => string): ReadonlyMap<string, readonly T[]> {
  const found = new Map<string, T[]>();
  for (const one of all) {
    found.set(keyOf(one), [...(found.get(keyOf(one)) ?? []), one]);
  }
  return found;
}

const VERBS: Readonly<Record<string, string>> = { upstream: 'created', virtual_host: 'created' };

/** The type of an event; of a certificate's first it depends on what was asked for. */
export function typeOf({ kind, before, after }: Told): string {
  const first = VERBS[kind] ?? (after?.['provider'] === 'custom' ? 'uploaded' : 'requested');
  return `${kind}.${after === null ? 'deleted' : before === null ? first : 'updated'}`;
}

/** Each change once, the newest first, by whom and from what to what. */
export async function historiesHold(world: World, workspace: Workspace): Promise<void> {
  const told = groupBy(workspace.told, ({ id }) => id);
  for (const [id, changes] of told) {
    const kind = changes[0]?.kind ?? 'upstream';
    const path = `/v1/${PLURALS[kind]}/${id}/history`;
    const found = (await allPages(world, path, 3)) as readonly Record<string, unknown>[];
    assert.equal(
      found.map((one) => [one['revision'], one['actor'], one['request_id'], one['type']]),
      changes.toReversed().map((one) => [String(one.revision), one.actor, one.requestId, typeOf(one)]),
      path,
    );
    for (const [index, one] of changes.toReversed().entries()) {
      const entry = found[index];
      assert.equal(said(entry?.['before']), said(one.before), path);
      assert.equal(said(entry?.['after']), said(one.after), path);
      const fields = ((entry?.['changes'] ?? []) as { field: string }[]).map(({ field }) => field);
      assert.equal(fields.toSorted(), changedBetween(said(one.before), said(one.after)), path);
    }
  }
  const nobody = await world.call(world.admin, 'GET', `/v1/upstreams/${randomUUID()}/history`);
  assert.is(nobody.status, 404);
}

/** Why a certificate is as it is belongs to its answer, not to the event. */
function said(doc: unknown): Doc | null {
  const { issuance: _, status_detail: __, ...rest } = (doc ?? {}) as Doc;
  return doc ? rest : null;
}

/** Asks which versions there are by now, until the newest has everything that a configuration is made of. */
export async function versionsOf(world: World, workspace: Workspace): Promise<void> {
  const found = await allPages(world, `/v1/workspaces/${workspace.id}/versions`, 100);
  for (const one of found) {
    workspace.versions[Number(one['version'])] = Number(one['source_revision']);
  }
  assert.is(workspace.versions.length, found.length + 1, 'versions have no gaps');
}

/** Whether the newest version is how the workspace stands. */
export const isPublished = (workspace: Workspace): boolean =>
  diffs(
    standingAt(workspace, workspace.versions.length - 1),
    standingAt({ ...workspace, versions: [0, workspace.revision] }, 1),
  ).length === 0;

/** The diff of two versions is what differs in the model. */
export async function versionsHold(world: World, workspace: Workspace, count: number): Promise<void> {
  const last = workspace.versions.length - 1;
  for (const from of some([...workspace.versions.keys()], count)) {
    const path = `/v1/workspaces/${workspace.id}/versions/${from}/diff/${last}`;
    const { resources } = await world.ok(world.admin, 'GET', path);
    const told = (resources as { id: string; action: string; changes: { field: string }[] }[]).map(
      ({ id, action, changes }) =>
        `${id} ${action} ${changes
          .map(({ field }) => field)
          .sort()
          .join()}`,
    );
    const expected = diffs(standingAt(workspace, from), standingAt(workspace, last)).map(
      ({ id, before, after, fields }) =>
        before === null
          ? `${id} added `
          : after === null
            ? `${id} removed `
            : `${id} changed ${fields.join()}`,
    );
    assert.equal(told.sort(), expected.toSorted(), path);
  }
}

/** Who was in each organization at some of the moments, and what happened to each member. */
export async function pastPeopleHold(world: World, count: number): Promise<void> {
  for (const organization of world.model.organizations) {
    for (const { position, instant, people } of some(organization.moments, count)) {
      await peopleAre(world, organization, people, `?at=position:${position}`);
      await peopleAre(world, organization, people, `?at=${instant}`);
    }
    for (const [userId, told] of groupBy(organization.told, (one) => one.userId)) {
      const path = `/v1/organizations/${organization.id}/members/${userId}/history`;
      const found = await allPages(world, path, 2);
      const named = [...new Set(found.map((one) => String(one['request_id'])))];
      const expected = told.map(({ requestId }) => requestId).toReversed();
      assert.equal(named.slice(0, expected.length), expected, path);
    }
  }
}

/** Everything of the past, byte for byte as text: the same after any restart. */
export async function portrait(world: World, count: number): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for (const workspace of world.model.workspaces) {
    const base = `/v1/workspaces/${workspace.id}`;
    const ats = some(workspace.moments, count).map(({ revision }) => `?at=revision:${revision}`);
    const lists = ['', ...ats].flatMap((at) =>
      Object.values(PLURALS).map((plural) => `${base}/${plural}${at}`),
    );
    const histories = some([...new Map(workspace.told.map((one) => [one.id, one])).values()], count * 2).map(
      ({ kind, id }) => `/v1/${PLURALS[kind]}/${id}/history`,
    );
    for (const path of [
      base,
      `${base}/history`,
      `${base}/members`,
      `${base}/versions`,
      ...lists,
      ...histories,
    ]) {
      const { status, headers, body } = await world.call(world.admin, 'GET', path);
      found.set(path, JSON.stringify([status, headers.get('etag'), headers.get('link'), body]));
    }
  }
  for (const { id } of world.model.organizations) {
    for (const path of [
      `/v1/organizations/${id}`,
      `/v1/organizations/${id}/members`,
      `/v1/audit?organization_id=${id}&limit=100`,
    ]) {
      const { status, headers, body } = await world.call(world.admin, 'GET', path);
      found.set(path, JSON.stringify([status, headers.get('etag'), body]));
    }
  }
  return found;
}
