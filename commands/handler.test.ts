// SPDX-License-Identifier: Apache-2.0
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type WorkspaceCommand, workspace } from '../domain/index.js';
import { AT, id, WORKSPACE } from '../domain/workspace/workspace.fixture.js';
import {
  AppendTooLarge,
  type EventLog,
  eventLog,
  memoryLog,
  Unavailable,
  VersionConflict,
} from '../event-log/index.js';
import { NxError, streams, systemClock, systemTimers } from '../kernel/index.js';
import type { CommandContext } from './context.js';
import { commandHandler } from './handler.js';

const stream = streams.workspace(WORKSPACE);
const context = (commandId: string, over: Partial<CommandContext> = {}): CommandContext => ({
  commandId,
  digest: 'd',
  correlationId: 'req-1',
  causationId: 'req-1',
  actor: 'user:1',
  ...over,
});
const create: WorkspaceCommand = {
  type: 'create-workspace',
  id: WORKSPACE,
  organizationId: id(9),
  body: { name: 'Production', slug: 'production' },
  at: AT,
};
const upstream = (n: number): WorkspaceCommand => ({
  type: 'create-upstream',
  id: id(n),
  body: { name: `backend-${n}`, servers: [{ address: '10.0.0.1:80' }] },
  at: AT,
});

async function opened(log: EventLog = eventLog(memoryLog())) {
  const handler = commandHandler({ log, clock: systemClock, timers: systemTimers }, workspace);
  await handler.run(stream, WORKSPACE, create, context('create'), () => undefined);
  const add = (n: number, over?: Partial<CommandContext>) =>
    handler.run(
      stream,
      id(n),
      upstream(n),
      context(`add-${n}`, over),
      (state) => state.upstreams.get(id(n))?.name,
    );
  return { log, handler, add };
}

async function types(log: EventLog): Promise<string[]> {
  const found: string[] = [];
  for await (const event of log.read(stream)) {
    found.push(event.type);
  }
  return found;
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return 'accepted';
  } catch (error) {
    return error instanceof NxError ? error.code : String(error);
  }
}

test('what the log does not take at once is told as too large, and its neighbours do not suffer for it', async () => {
  const inner = eventLog(memoryLog());
  const { add, log } = await opened({
    ...inner,
    append: async (at, expected, events) => {
      if (events.length > 1 || JSON.stringify(events).includes('backend-2')) {
        throw new AppendTooLarge(at, 1_048_576, 2_000_000);
      }
      return inner.append(at, expected, events);
    },
  });
  assert.equal(await Promise.all([codeOf(add(1)), codeOf(add(2)), codeOf(add(3))]), [
    'accepted',
    'PAYLOAD_TOO_LARGE',
    'accepted',
  ]);
  assert.equal(await types(log), ['workspace.created', 'upstream.created', 'upstream.created']);
});

test('commands that wait for one stream are appended together', async () => {
  let appends = 0;
  let largest = 0;
  const inner = eventLog(memoryLog());
  const { add, log } = await opened({
    ...inner,
    append: (...args) => {
      appends += 1;
      largest = Math.max(largest, args[2].length);
      return inner.append(...args);
    },
  });
  appends = 0;
  const outcomes = await Promise.all(Array.from({ length: 50 }, (_, n) => add(n)));
  assert.ok(appends <= 2, `${appends} appends`);
  assert.equal(
    outcomes.map((one) => one.revision),
    Array.from({ length: 50 }, (_, n) => BigInt(n + 1)),
  );
  assert.is((await types(log)).length, 51);
  await Promise.all(Array.from({ length: 300 }, (_, n) => add(100 + n)));
  assert.is(largest, 256, 'as many as are decided in one go');
});

test('each command sees what those before it in the batch did', async () => {
  const { add, handler } = await opened();
  const same = handler.run(
    stream,
    id(2),
    { ...upstream(2), body: { name: 'backend-1', servers: [{ address: 'a:1' }] } } as WorkspaceCommand,
    context('x'),
    () => 1,
  );
  const codes = await Promise.all([codeOf(add(1)), codeOf(same)]);
  assert.equal(codes.sort(), ['CONFLICT', 'accepted']);
});

test('who consults a state reads no more of the log than a command does, and sees nothing that is not durable', async () => {
  const inner = eventLog(memoryLog());
  const from: bigint[] = [];
  let broken = false;
  const log: EventLog = {
    ...inner,
    read: (name, range) => {
      from.push(range?.from ?? 0n);
      return inner.read(name, range);
    },
    append: (...args) => (broken ? Promise.reject(new Error('broken')) : inner.append(...args)),
  };
  const { handler, add } = await opened(log);
  await add(1);
  from.length = 0;
  const count = (): Promise<number> => handler.consult(stream, ({ upstreams }) => upstreams.size);
  assert.is(await count(), 1);
  assert.equal(from, [2n], 'what others may have appended since');
  broken = true;
  const [written, seen] = await Promise.allSettled([add(2), count()]);
  assert.equal([written.status, seen.status === 'fulfilled' && seen.value], ['rejected', 1]);
  broken = false;
  assert.is(await count(), 1);
  const thrown = handler.consult(stream, () => {
    throw new NxError('NOT_FOUND', 'not there');
  });
  assert.is(await codeOf(thrown), 'NOT_FOUND');
  assert.is(await handler.consult(streams.workspace(id(77)), ({ existed }) => existed), false);
});

test('the same command is answered again and done once, also by a handler that starts anew', async () => {
  const { add, log, handler } = await opened();
  const first = await add(1);
  await handler.run(stream, id(1), { type: 'delete-upstream', id: id(1), at: AT }, context('gone'), () => 1);
  const again = await add(1);
  assert.equal([again.result, again.revision], [first.result, first.revision]);
  assert.is(again.position, first.position, 'whoever reads then waits for it as after the first answer');
  const other = commandHandler({ log, clock: systemClock, timers: systemTimers }, workspace);
  const third = await other.run(
    stream,
    id(1),
    upstream(1),
    context('add-1'),
    (state) => state.upstreams.get(id(1))?.name,
  );
  assert.equal([third.result, third.revision], [first.result, first.revision]);
  assert.is((await types(log)).length, 3);
});

test('the revision is that of the resource that the command is about, also when it is answered again', async () => {
  const { add, handler } = await opened();
  const { revision } = await add(1);
  await add(2);
  const rename = (n: number) =>
    ({ kind: 'upstream', id: id(n), expect: {}, set: { name: `new-${n}` } }) as const;
  const both: WorkspaceCommand = { type: 'apply-changes', changes: [rename(1), rename(2)], at: AT };
  const run = (subject: string, command: WorkspaceCommand, commandId: string) =>
    handler.run(stream, subject, command, context(commandId), () => undefined);
  const nothing: WorkspaceCommand = { type: 'update-upstream', id: id(1), body: {}, at: AT };
  assert.is((await run(id(1), nothing, 'nothing')).revision, revision, 'nobody has changed it');
  const first = await run(id(1), both, 'both');
  assert.is(first.revision, 3n, 'of its two events the first is about the subject');
  const again = await run(id(1), both, 'both');
  assert.equal([again.revision, again.repeated], [first.revision, true]);
});

test('the same command twice at once is done once', async () => {
  const { add, log } = await opened();
  const [a, b] = await Promise.all([add(1), add(1)]);
  assert.equal(a?.result, b?.result);
  assert.is((await types(log)).length, 2);
});

test('the same id with another content is refused', async () => {
  const { add } = await opened();
  await add(1);
  assert.is(await codeOf(add(1, { digest: 'other' })), 'IDEMPOTENCY_MISMATCH');
});

test('a refused command leaves nothing', async () => {
  const { add, log } = await opened();
  await add(1);
  assert.is(await codeOf(add(1, { commandId: 'another' })), 'CONFLICT');
  assert.is((await types(log)).length, 2);
});

test('If-Match is the revision of the resource, not of the stream', async () => {
  const { add, handler } = await opened();
  const { revision } = await add(1);
  await add(2);
  const change = (commandId: string, accepted: bigint) =>
    handler.run(
      stream,
      id(1),
      { type: 'update-upstream', id: id(1), body: { algorithm: 'ip_hash' }, at: AT },
      context(commandId, { ifMatch: [accepted] }),
      () => 1,
    );
  assert.is(await codeOf(change('a', revision + 1n)), 'PRECONDITION_FAILED');
  assert.is(await codeOf(change('b', revision)), 'accepted');
  assert.is(await codeOf(change('c', revision)), 'PRECONDITION_FAILED');
});

test('another writer’s events are read before deciding, and a lost race decides anew', async () => {
  const { log, add } = await opened();
  const other = commandHandler({ log, clock: systemClock, timers: systemTimers }, workspace);
  await add(1);
  const raced = await Promise.all(
    Array.from({ length: 20 }, (_, n) =>
      codeOf(
        n % 2 === 0
          ? add(n + 10)
          : other.run(stream, id(n + 10), upstream(n + 10), context(`o-${n}`), () => 1),
      ),
    ),
  );
  assert.equal(new Set(raced), new Set(['accepted']));
  assert.is((await types(log)).length, 22);
});

test('a stream that always conflicts is a conflict after three tries', async () => {
  const inner = eventLog(memoryLog());
  let tries = 0;
  let failing = false;
  const { add } = await opened({
    ...inner,
    append: (name, expected, events) => {
      if (!failing) {
        return inner.append(name, expected, events);
      }
      tries += 1;
      return Promise.reject(new VersionConflict(name, expected, 99n));
    },
  });
  failing = true;
  assert.is(await codeOf(add(1)), 'CONFLICT');
  assert.is(tries, 3);
  failing = false;
  assert.is(await codeOf(add(1)), 'accepted');
});

test('an append whose answer is lost is asked again with the same ids', async () => {
  const inner = eventLog(memoryLog());
  let lose = false;
  const { add, log } = await opened({
    ...inner,
    append: async (...args) => {
      const appended = await inner.append(...args);
      if (lose) {
        lose = false;
        throw new Unavailable('the answer was lost');
      }
      return appended;
    },
  });
  lose = true;
  const { result, revision } = await add(1);
  assert.equal([result, revision], ['backend-1', 1n]);
  assert.is((await types(log)).length, 2);
});

test('a log that is down is a 503, and the command can be sent again', async () => {
  const inner = eventLog(memoryLog());
  let down = false;
  let asked = 0;
  const { add } = await opened({
    ...inner,
    append: (...args) => {
      asked += 1;
      return down ? Promise.reject(new Unavailable('down')) : inner.append(...args);
    },
  });
  [down, asked] = [true, 0];
  const codes = await Promise.all([codeOf(add(1)), codeOf(add(2)), codeOf(add(3))]);
  assert.equal(new Set(codes), new Set(['SERVICE_UNAVAILABLE']));
  assert.is(asked, 4, 'twice for the first, twice for those that came meanwhile: not for each command anew');
  down = false;
  assert.is(await codeOf(add(1)), 'accepted');
});

test.run();
