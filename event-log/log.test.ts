// SPDX-License-Identifier: Apache-2.0
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { EventType, NewEvent } from '../schemas/index.js';
import { failure, newStream, readAll, upstreamCreated } from './contract/subject.harness.js';
import {
  AppendTooLarge,
  eventCatalogue,
  eventLog,
  InvalidEvent,
  LogDamaged,
  memoryLog,
  UnknownEvent,
} from './index.js';

const refused = async (event: unknown, stream = newStream()): Promise<string> => {
  const adapter = memoryLog();
  const error = await failure(eventLog(adapter).append(stream, 'none', [event as NewEvent]));
  assert.instance(error, InvalidEvent);
  assert.is(await adapter.head(), 0n, 'nothing was stored');
  return (error as Error).message;
};

/** The catalogue as it would be when `upstream.created` had come to version 3. */
const versionOf = (type: EventType): number => (type === 'upstream.created' ? 3 : 1);
const renamed = (name: string) => (data: unknown) => ({ ...(data as object), [name]: true });
const registry = { 'upstream.created': { 1: renamed('second'), 2: renamed('third') } };

test('refuses data that its schema refuses, naming the field', async () => {
  const event = upstreamCreated();
  const { upstream } = event.data;
  assert.match(await refused({ ...event, data: { upstream: { ...upstream, name: 7 } } }), 'upstream.name');
  assert.match(await refused({ ...event, data: { upstream, more: 1 } }), 'more Unknown field');
  assert.match(await refused({ ...event, data: undefined }), 'data of upstream.created');
});

test('refuses what JSON would change in silence', async () => {
  const event = upstreamCreated();
  const { upstream } = event.data;
  const withData = (data: object) => ({ ...event, data });
  assert.match(await refused(withData({ upstream: Object.assign(Object.create({}), upstream) })), 'JSON');
  assert.match(await refused(withData(Object.assign(new Map(), { upstream }))), 'JSON');
  const extra = withData({ upstream: { ...upstream, toJSON: () => 'other' } });
  assert.match(await refused(extra), 'toJSON');
  await refused(withData({ upstream: { ...upstream, keepalive_connections: 1n } }));
  await refused(withData({ upstream: { ...upstream, keepalive_connections: Number.NaN } }));
  await refused(withData({ upstream: { ...upstream, created_at: new Date(0) } }));
  const sparse = { ...upstream, servers: Object.assign([], { 1: upstream.servers[0], length: 2 }) };
  await refused(withData({ upstream: sparse }));
});

test('refuses a type that no schema has, and an id that is no UUID', async () => {
  const event = upstreamCreated();
  assert.match(await refused({ ...event, type: 'upstream.exploded' }), 'unknown event type');
  assert.match(await refused({ ...event, type: 'toString' }), 'unknown event type');
  assert.match(await refused({ ...event, type: undefined }), 'unknown event type');
  assert.match(await refused({ ...event, id: 'one' }), 'not a UUID');
  assert.match(await refused({ ...event, id: event.id.toUpperCase() }), 'not a UUID');
});

test('refuses metadata that is not flat strings, lacks a member or has another', async () => {
  const event = upstreamCreated();
  const withMeta = (more: object) => ({ ...event, meta: { ...event.meta, ...more } });
  assert.match(await refused(withMeta({ actor: undefined })), 'lacks actor');
  assert.match(await refused(withMeta({ workspace_id: 4 })), 'meta.workspace_id');
  assert.match(await refused(withMeta({ workspace_id: { a: 'b' } })), 'meta.workspace_id');
  assert.match(await refused(withMeta({ mood: 'good' })), 'unknown member "mood"');
  assert.match(await refused(withMeta({ actor: 'x'.repeat(513) })), 'meta.actor');
  assert.match(await refused(withMeta({ schema_version: '2' })), 'the newest');
});

test('refuses a stream name that is not one', async () => {
  for (const name of ['', 'workspace', 'workspace-', 'moon-1', 'workspace-A', 'workspace-a\n', '$all']) {
    assert.match(await refused(upstreamCreated(), name), 'not a stream');
  }
});

test('refuses an append without events, or with one twice', async () => {
  const log = eventLog(memoryLog());
  const event = upstreamCreated();
  assert.instance(await failure(log.append(newStream(), 'none', [])), InvalidEvent);
  assert.instance(await failure(log.append(newStream(), 'none', [event, event])), InvalidEvent);
});

test('lifts an old event through every version to the newest', async () => {
  const adapter = memoryLog();
  const stream = newStream();
  const event = upstreamCreated();
  await eventLog(adapter).append(stream, 'none', [event]);
  const later = eventLog(adapter, eventCatalogue(versionOf, registry));
  const [lifted] = await readAll(later, stream);
  assert.equal(lifted?.data as unknown, { ...event.data, second: true, third: true });
  assert.is(lifted?.meta.schema_version, '3');
  const signal = AbortSignal.timeout(5000);
  for await (const delivery of later.subscribe({ after: 0n, signal })) {
    assert.ok(delivery.kind === 'event');
    assert.equal(delivery.event.data, lifted?.data);
    break;
  }
});

test('a version newer than known, or a type that is not, stops the reader', async () => {
  const adapter = memoryLog();
  const stream = newStream();
  const { id, type, data, meta } = upstreamCreated();
  const texts = { id, data: JSON.stringify(data), meta: JSON.stringify({ ...meta, schema_version: '2' }) };
  await adapter.append(stream, 'none', [{ ...texts, type }]);
  const error = await failure(readAll(eventLog(adapter), stream));
  assert.instance(error, UnknownEvent);
  assert.match((error as Error).message, 'upstream.created@2');

  const other = memoryLog();
  await other.append(stream, 'none', [{ ...texts, type: 'constructor' }]);
  const signal = AbortSignal.timeout(5000);
  const subscription = eventLog(other).subscribe({ after: 0n, signal })[Symbol.asyncIterator]();
  assert.instance(await failure(subscription.next()), UnknownEvent);
});

test('stored text that is not JSON is damage', async () => {
  const adapter = memoryLog();
  const stream = newStream();
  const { id, type, meta } = upstreamCreated();
  await adapter.append(stream, 'none', [{ id, type, data: '{"upstream":', meta: JSON.stringify(meta) }]);
  assert.instance(await failure(readAll(eventLog(adapter), stream)), LogDamaged);
});

test('the upcasts must fit the versions exactly', () => {
  const step = (data: unknown): unknown => data;
  assert.throws(() => eventCatalogue(versionOf, {}), 'no upcast of upstream.created@2');
  assert.throws(() => eventCatalogue(versionOf, { 'upstream.created': { 2: step } }), '@1');
  assert.throws(() => eventCatalogue(versionOf, { 'upstream.created': { 1: step, 2: step, 3: step } }), '@3');
  assert.throws(() => eventCatalogue(undefined, { 'upstream.created': { 1: step } }), 'whose newest is 1');
  assert.throws(() => eventCatalogue(undefined, { moon: {} } as object), 'unknown event type moon');
});

test('a change that would not fit into a version of the configuration is refused, others are not', async () => {
  const log = eventLog({ ...memoryLog(), maxAppendBytes: 8_000 });
  const event = upstreamCreated();
  const { upstream } = event.data;
  const large = {
    ...event,
    data: { upstream: { ...upstream, servers: Array(80).fill(upstream.servers[0]) } },
  };
  assert.ok(JSON.stringify(large.data).length > 7_000);
  const refusal = await failure(log.append('workspace-1', 'none', [large]));
  assert.instance(refusal, AppendTooLarge);
  assert.match((refusal as Error).message, '7000 bytes');
  await log.append('workspace-1', 'none', [event]);
  await log.append('config-1', 'none', [{ ...large, id: upstreamCreated().id }]);
});

test.run();
