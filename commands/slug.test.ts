// SPDX-License-Identifier: Apache-2.0
/** Slugs are reserved in another stream than their owner's: what a process that ends in between leaves behind. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { eventLog, memoryLog } from '../event-log/index.js';
import type { HandlerRequest, HandlerResult } from '../http/index.js';
import { NxError, systemRandom, systemTimers, uuidv5 } from '../kernel/index.js';
import { commandHandlers, type Handlers } from './handlers.js';
import { organizationCommands } from './organization.js';
import { workspaceCommands } from './workspace.js';

const USER = uuidv5('user', 'u');
const MINUTE_MS = 60_000;

/** The write routes on one log, by a clock that is moved by hand; `endAt` names a command that a process ends before. */
function subject() {
  let now = Date.parse('2026-01-15T10:30:00.000Z');
  let ending: string | undefined;
  const clock = { now: () => now, monotonic: () => now };
  const log = eventLog(memoryLog());
  const real = commandHandlers({ log, clock, timers: systemTimers });
  const breaking = <H extends Handlers['organization'] | Handlers['workspace']>(handler: H): H => ({
    ...handler,
    run: async (stream: never, id: never, command: never, context: never, present: never) => {
      if ((command as { type: string }).type === ending) {
        throw new Error('the process ends here');
      }
      return handler.run(stream, id, command, context, present);
    },
  });
  const deps = {
    handlers: { ...real, organization: breaking(real.organization), workspace: breaking(real.workspace) },
    locate: async (_: string, id: string) => ({
      workspaceId: id,
      organizationId: organizationOf.get(id) ?? '',
    }),
    passed: async () => true,
    clock,
    random: systemRandom,
  };
  const organizationOf = new Map<string, string>();
  const routes = [...organizationCommands(deps), ...workspaceCommands(deps)];
  const call = async (operationId: string, key: string, body?: object, id = ''): Promise<string> => {
    const route = routes.find((one) => one.operationId === operationId);
    const request = {
      params: { organization_id: id, workspace_id: id },
      body,
      principal: { kind: 'user', id: USER, userId: USER },
      requestId: 'req-1',
      idempotencyKey: key,
      path: `/${operationId}/${id}`,
      allow: () => ({}),
    } as unknown as HandlerRequest;
    try {
      const result = (await route?.handler(request)) as HandlerResult;
      const made = result.body as { id: string; organization_id?: string } | undefined;
      if (made?.organization_id) {
        organizationOf.set(made.id, made.organization_id);
      }
      return made?.id ?? 'done';
    } catch (error) {
      return error instanceof NxError ? error.code : 'ended';
    }
  };
  return {
    call,
    endAt: (type?: string) => {
      ending = type;
    },
    pass: (ms: number) => {
      now += ms;
    },
  };
}

const acme = { name: 'Acme', slug: 'acme' };
const isId = (text: string): boolean => text.includes('-');

test('an organization that was ended between its two steps is finished by a retry', async () => {
  const { call, endAt } = subject();
  endAt('create-organization');
  assert.is(await call('createOrganization', 'a', acme), 'ended');
  endAt();
  assert.is(await call('createOrganization', 'b', acme), 'CONFLICT');
  assert.ok(isId(await call('createOrganization', 'a', acme)));
});

test('a retry that comes after its slug was taken over makes no second holder', async () => {
  const { call, endAt, pass } = subject();
  endAt('create-organization');
  await call('createOrganization', 'a', acme);
  endAt();
  pass(MINUTE_MS + 1);
  assert.ok(isId(await call('createOrganization', 'b', acme)));
  assert.is(await call('createOrganization', 'a', acme), 'CONFLICT');

  const organization = await call('createOrganization', 'o', { name: 'O', slug: 'o' });
  endAt('create-workspace');
  await call('createWorkspace', 'a', acme, organization);
  endAt();
  pass(MINUTE_MS + 1);
  assert.ok(isId(await call('createWorkspace', 'b', acme, organization)));
  assert.is(await call('createWorkspace', 'a', acme, organization), 'CONFLICT');
});

test('what was made is answered again, also once its slug is another’s', async () => {
  const { call } = subject();
  const first = await call('createOrganization', 'a', acme);
  assert.is(await call('deleteOrganization', 'd', undefined, first), 'done');
  assert.ok(isId(await call('createOrganization', 'b', acme)));
  assert.is(await call('createOrganization', 'a', acme), first);
  assert.is(await call('deleteOrganization', 'd', undefined, first), 'done');
});

test('D14: the same key with another slug is another request, and reserves nothing', async () => {
  const { call } = subject();
  const made = await call('createOrganization', 'k', { name: 'Acme', slug: 'acme' });
  const other = { name: 'Acme', slug: 'other' };
  assert.is(await call('createOrganization', 'k', other), 'IDEMPOTENCY_MISMATCH');
  assert.is.not(await call('createOrganization', 'l', other), 'CONFLICT');
  const inside = await call('createWorkspace', 'k', { name: 'W', slug: 'shop' }, made);
  assert.ok(inside.length === 36);
  assert.is(await call('createWorkspace', 'k', { name: 'W', slug: 'lab' }, made), 'IDEMPOTENCY_MISMATCH');
  assert.is((await call('createWorkspace', 'l', { name: 'W', slug: 'lab' }, made)).length, 36);
});

test('a slug that a process left behind does not keep its organization', async () => {
  const { call, endAt, pass } = subject();
  const organization = await call('createOrganization', 'o', acme);
  const workspace = await call('createWorkspace', 'w', acme, organization);
  endAt('release-workspace-slug');
  assert.is(await call('deleteWorkspace', 'd', undefined, workspace), 'ended');
  endAt();
  pass(MINUTE_MS + 1);
  assert.is(await call('deleteOrganization', 'e', undefined, organization), 'done');
});

test('a deletion that was ended between its two steps is finished by a retry', async () => {
  const { call, endAt } = subject();
  const organization = await call('createOrganization', 'o', acme);
  const workspace = await call('createWorkspace', 'w', acme, organization);
  endAt('release-workspace-slug');
  await call('deleteWorkspace', 'd', undefined, workspace);
  endAt();
  assert.is(await call('deleteWorkspace', 'd', undefined, workspace), 'done');
  assert.ok(isId(await call('createWorkspace', 'v', acme, organization)));
});

test.run();
