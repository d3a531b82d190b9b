// SPDX-License-Identifier: Apache-2.0
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { NxError } from '../kernel/index.js';
import type { Models, Reader } from '../projections/index.js';
import { StoreUnavailable } from '../read-store/index.js';
import { scope } from './scope.js';
import { presentUpstream } from './upstream.js';

const request = {
  principal: { kind: 'user', id: 'u', userId: 'u', isAdmin: false, roles: {}, workspaceRoles: {} },
  allow: () => {
    throw new Error('not asked');
  },
  query: {},
  position: undefined,
  path: '/',
} as const;

const unused = (): never => {
  throw new Error('not read');
};

test('a document that did not come through the scope cannot be presented', () => {
  const doc = { id: 'x' } as Models['upstreams'];
  // @ts-expect-error: this line compiles only if presenters take unscoped documents.
  assert.is(presentUpstream(doc).id, 'x');
});

test('a store out of reach is SERVICE_UNAVAILABLE, anything else stays what it is', async () => {
  for (const [thrown, code] of [
    [new StoreUnavailable('down'), 'SERVICE_UNAVAILABLE'],
    [new TypeError('bug'), undefined],
  ] as const) {
    const reader: Reader = { get: () => Promise.reject(thrown), getMany: unused, find: unused };
    const scoped = scope({ reader, passed: async () => true });
    try {
      await scoped.one(request, 'upstreams', 'x');
      assert.unreachable();
    } catch (error) {
      assert.is((error as NxError).code, code);
    }
  }
});

test('what is not there costs the same reads as what is foreign', async () => {
  const counted = async (upstream: { workspace_id: string } | undefined): Promise<string[]> => {
    const reads: string[] = [];
    const reader = {
      get: async (name: string) => {
        reads.push(name);
        return name === 'upstreams' ? upstream : upstream && { organization_id: 'o' };
      },
      getMany: unused,
      find: unused,
    } as unknown as Reader;
    const denied = {
      ...request,
      allow: () => {
        throw new NxError('NOT_FOUND', '');
      },
    };
    await scope({ reader, passed: async () => true })
      .one(denied, 'upstreams', 'x')
      .then(unused, (error: NxError) => assert.is(error.code, 'NOT_FOUND'));
    return reads;
  };
  assert.equal(await counted({ workspace_id: 'w' }), await counted(undefined));
});

const codeOf = (asked: Promise<unknown>): Promise<string> =>
  asked.then(
    () => 'told',
    (error: NxError) => error.code,
  );
const standing = (docs: Readonly<Record<string, Readonly<Record<string, object>>>>) =>
  scope({
    reader: {
      get: async (name: string, id: string) => docs[name]?.[id],
      getMany: async (name: string, ids: readonly string[]) =>
        new Map(ids.flatMap((id) => (docs[name]?.[id] ? [[id, docs[name][id]]] : []))),
      find: unused,
    } as unknown as Reader,
    passed: async () => true,
  });
const allowed = { ...request, allow: () => ({}) as never };

test("a workspace's id is no id of what is in it", async () => {
  const scoped = standing({ workspaces: { w: { organization_id: 'o' } } });
  assert.is(await codeOf(scoped.one(allowed, 'upstreams', 'w')), 'NOT_FOUND');
});

test("what is another organization's is not there, though whoever asks may see both", async () => {
  const scoped = standing({
    organizations: { o: { id: 'o' }, other: { id: 'other' } },
    members: { m: { organization_id: 'o' } },
  });
  assert.is(await codeOf(scoped.oneOfOrganization(allowed, 'members', 'o', 'm')), 'told');
  assert.is(await codeOf(scoped.oneOfOrganization(allowed, 'members', 'other', 'm')), 'NOT_FOUND');
});

test('whoever is kept out of one workspace does not see the audit of all', async () => {
  const scoped = standing({
    chains: { o: { id: 'o' } },
    workspaces: { lab: { id: 'lab', organization_id: 'o' }, far: { id: 'far', organization_id: 'other' } },
  });
  const hiding = (workspace: string) => ({
    ...allowed,
    principal: {
      ...request.principal,
      roles: { o: 'admin', other: 'admin' } as const,
      workspaceRoles: { [workspace]: 'none' } as const,
    },
  });
  const load = async (): Promise<string> => 'audit';
  assert.is(await codeOf(scoped.audit(hiding('lab'), 'o', load)), 'FORBIDDEN');
  assert.is(await codeOf(scoped.audit(hiding('far'), 'o', load)), 'told', 'it is of another organization');
});

test.run();
