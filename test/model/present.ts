// SPDX-License-Identifier: Apache-2.0
/** What the API shows now, held to the model: each resource, each list by pages, tags, and who may see what. */
import * as assert from 'uvu/assert';
import {
  type Asker,
  type Doc,
  has,
  KINDS,
  type Kind,
  type People,
  PLURALS,
  roleIn,
  type Standing,
  type Workspace,
} from './model.js';
import type { World } from './world.js';

/** All items of a list, page by page. */
export async function allPages(
  world: World,
  path: string,
  perPage: number,
  by = world.admin,
): Promise<Doc[]> {
  const items: Doc[] = [];
  const join = path.includes('?') ? '&' : '?';
  for (let page = 1; ; page += 1) {
    const { data, meta } = await world.ok(by, 'GET', `${path}${join}page=${page}&per_page=${perPage}`);
    items.push(...data);
    if (items.length >= meta.total || data.length === 0) {
      assert.is(items.length, meta.total, `${path}: as many as are counted`);
      return items;
    }
  }
}

const byId = (docs: Iterable<Doc>): Doc[] =>
  [...docs].toSorted((a, b) => (String(a['id']) < String(b['id']) ? -1 : 1));

export const docsOf = (standing: Standing, kind: Kind): Doc[] =>
  byId([...standing.values()].filter((one) => one.kind === kind).map(({ doc }) => doc));

/** A list shows what stands, each once; `more` goes into its query. */
export async function listsAre(
  world: World,
  workspace: Workspace,
  standing: Standing,
  {
    more = '',
    perPage = 3,
    kinds = KINDS,
  }: { more?: string; perPage?: number; kinds?: readonly Kind[] } = {},
): Promise<void> {
  for (const kind of kinds) {
    const path = `/v1/workspaces/${workspace.id}/${PLURALS[kind]}${more}`;
    assert.equal(byId(await allPages(world, path, perPage)), docsOf(standing, kind), path);
  }
}

/** Every resource of a workspace with its tag, its parts, and its lists. */
export async function presentHolds(world: World, workspace: Workspace): Promise<void> {
  await listsAre(world, workspace, workspace.standing);
  for (const { kind, doc, revision } of workspace.standing.values()) {
    const path = `/v1/${PLURALS[kind]}/${String(doc['id'])}`;
    const shown = await world.call(world.admin, 'GET', path);
    assert.equal([shown.status, shown.body], [200, doc], path);
    assert.is(shown.headers.get('etag'), `"${revision}"`, path);
    const asked = async (tag: string): Promise<number> =>
      (await world.call(world.admin, 'GET', path, undefined, { 'If-None-Match': tag })).status;
    // Whether a certificate has expired is the clock's, so that it is told each time.
    const same = kind === 'certificate' ? 200 : 304;
    assert.equal([await asked(`"${revision}"`), await asked(`"${revision - 1}"`)], [same, 200], path);
    const [parts, field] = kind === 'upstream' ? ['servers', 'servers'] : ['locations', 'locations'];
    if (kind !== 'certificate') {
      assert.equal(await allPages(world, `${path}/${parts}`, 2), doc[field] as Doc[], path);
    }
  }
  for (const asker of world.model.askers) {
    await seesAsMuch(world, workspace, asker);
  }
}

async function seesAsMuch(world: World, workspace: Workspace, asker: Asker): Promise<void> {
  const place = { organizationId: workspace.organizationId, workspaceId: workspace.id };
  const hidden = roleIn(world.model, asker, place) === undefined;
  const [one] = has(workspace, 'upstream');
  const paths = [
    `/v1/workspaces/${workspace.id}`,
    ...(one ? [`/v1/upstreams/${String(one.doc['id'])}`] : []),
  ];
  for (const path of paths) {
    const { status } = await world.call(asker, 'GET', path);
    assert.is(status, hidden ? 404 : 200, `${asker.name} ${path}`);
  }
}

/** Who is in an organization, and what is left of their roles in its workspaces; `more` goes into the query. */
export async function peopleAre(
  world: World,
  organization: { readonly id: string; readonly workspaces: readonly string[] },
  people: People,
  more = '',
): Promise<void> {
  const members = await allPages(world, `/v1/organizations/${organization.id}/members${more}`, 2);
  const expected = [...people].map(([id, { role }]) => `${id} ${role}`).sort();
  assert.equal(
    members.map((one) => `${String(one['user_id'])} ${String(one['role'])}`).sort(),
    expected,
    `members${more}`,
  );
  for (const workspace of organization.workspaces) {
    const there = await allPages(world, `/v1/workspaces/${workspace}/members${more}`, 3);
    const left = [...people].map(([id, one]) => `${id} ${one.left[workspace] ?? null}`).sort();
    assert.equal(
      there.map((one) => `${String(one['user_id'])} ${String(one['workspace_role'])}`).sort(),
      left,
      `left${more}`,
    );
  }
}
