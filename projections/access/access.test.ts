// SPDX-License-Identifier: Apache-2.0
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { eventLog, memoryLog } from '../../event-log/index.js';
import { eventId, streams, systemClock, systemTimers, uuidv5 } from '../../kernel/index.js';
import { type Fact, type NewEvent, schemaVersion } from '../../schemas/index.js';
import { access } from './access.js';

// The timers under test do not keep a process alive, as they should not; a test must live until they fire.
const alive = setInterval(() => {}, 1_000);
test.after(() => clearInterval(alive));

const AT = '2026-02-01T10:00:00.000Z';
const ann = uuidv5('user', 'ann');
const acme = uuidv5('organization', 'acme');
const shop = uuidv5('workspace', 'shop');
const session = uuidv5('session', 'one');

let count = 0;
const toEvent = (fact: Fact): NewEvent => {
  count += 1;
  const meta = {
    command_id: `c${count}`,
    command_digest: 'd',
    correlation_id: 'r',
    causation_id: 'r',
    actor: 'system',
    schema_version: String(schemaVersion(fact.type)),
    recorded_at: AT,
  };
  return { ...fact, id: eventId(uuidv5('test', count), 0), meta };
};

/** Appends facts one by one and lets the follower see them. */
async function given(...facts: readonly (readonly [stream: string, fact: Fact])[]) {
  const log = eventLog(memoryLog());
  const followed = access({ log, clock: systemClock, timers: systemTimers });
  const stop = new AbortController();
  const following = followed.follow(stop.signal);
  const revisions = new Map<string, bigint>();
  const append = async (stream: string, fact: Fact): Promise<void> => {
    const { revision, position } = await log.append(stream, revisions.get(stream) ?? 'none', [toEvent(fact)]);
    revisions.set(stream, revision);
    assert.ok(await followed.passed(position, 5_000));
  };
  for (const [stream, fact] of facts) {
    await append(stream, fact);
  }
  const end = async (): Promise<void> => {
    stop.abort();
    await following;
  };
  return { ...followed, append, end };
}

const created: readonly [string, Fact] = [
  streams.user(ann),
  { type: 'user.created', data: { user_id: ann, is_admin: false, at: AT } },
];

test('a member has its role, and less where a workspace narrows it', async () => {
  const { rights, append, end } = await given(
    created,
    [
      streams.organization(acme),
      { type: 'member.added', data: { organization_id: acme, user_id: ann, role: 'editor', at: AT } },
    ],
    [
      streams.organization(acme),
      { type: 'workspace_role.set', data: { workspace_id: shop, user_id: ann, role: 'viewer', at: AT } },
    ],
  );
  const rest = { userId: ann, isAdmin: false, sessionVersion: 1 };
  assert.equal(rights(ann), { ...rest, roles: { [acme]: 'editor' }, workspaceRoles: { [shop]: 'viewer' } });
  await append(streams.organization(acme), {
    type: 'member.removed',
    data: { organization_id: acme, user_id: ann, at: AT },
  });
  assert.equal(rights(ann)?.roles, {});
  await end();
});

test('a disabled user has no rights, and has them again when enabled', async () => {
  const { rights, append, end } = await given(created);
  await append(streams.user(ann), { type: 'user.disabled', data: { user_id: ann, at: AT } });
  assert.is(rights(ann), undefined);
  await append(streams.user(ann), { type: 'user.enabled', data: { user_id: ann, at: AT } });
  assert.is(rights(ann)?.userId, ann);
  await append(streams.user(ann), { type: 'user.erased', data: { user_id: ann, at: AT } });
  assert.is(rights(ann), undefined);
  await end();
});

test('a session is known while it is open, and a change of password moves the session version', async () => {
  const { sessionOf, rights, append, end } = await given(created, [
    streams.session(session),
    {
      type: 'session.started',
      data: {
        session_id: session,
        user_id: ann,
        session_version: 1,
        token_sha256: 'a'.repeat(64),
        at: AT,
        expires_at: '2999-01-01T00:00:00.000Z',
      },
    },
  ]);
  assert.is(sessionOf(session), ann);
  await append(streams.user(ann), {
    type: 'user.password_changed',
    data: { user_id: ann, session_version: 2, kept_session_id: null, at: AT },
  });
  assert.is(rights(ann)?.sessionVersion, 2);
  await append(streams.session(session), {
    type: 'session.ended',
    data: { session_id: session, user_id: ann, reason: 'logout', at: AT },
  });
  assert.is(sessionOf(session), undefined);
  await end();
});

test('a position that does not come is waited for no longer than asked', async () => {
  const { passed, end } = await given(created);
  assert.is(await passed(1_000n, 5), false);
  await end();
});

test('what is appended while another looks counts for who asks after it', async () => {
  const log = eventLog(memoryLog());
  let looked = 0;
  const slow = {
    ...log,
    head: async () => {
      looked += 1;
      const head = await log.head();
      await systemTimers.sleep(20);
      return head;
    },
  };
  const followed = access({ log: slow, clock: systemClock, timers: systemTimers });
  const stop = new AbortController();
  const following = followed.follow(stop.signal);
  const before = followed.fresh(1000);
  await log.append(created[0], 'none', [toEvent(created[1])]);
  const after = Array.from({ length: 10 }, () => followed.fresh(1000));
  assert.equal(
    await Promise.all([before, ...after]),
    Array.from({ length: 11 }, () => true),
  );
  assert.is(followed.rights(ann)?.userId, ann);
  assert.is(looked, 2);
  stop.abort();
  await following;
});

test.run();
