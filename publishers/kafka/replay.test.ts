// SPDX-License-Identifier: Apache-2.0
/** @slow 240 @alone: replays to fresh topics of a real broker, read also by a consumer with no code of ours. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { publicData } from '../../schemas/index.js';
import { startKafka } from '../../test/services/kafka.js';
import { foreignConsumer } from '../../test/services/kafka-foreign.js';
import { makeTopic, readTopic } from '../../test/services/kafka-reader.js';
import { equalsLog, freshTopic, passed, world } from './publisher.harness.js';
import { kafkaReplay } from './replay.js';

const kafka = await startKafka();
const brokers = kafka?.brokers ?? [];
const foreign = await foreignConsumer();
const test = suite('Kafka replay');
const withBroker = kafka ? test : test.skip;
const withForeign = kafka && foreign ? test : test.skip;

test.after(() => kafka?.stop());

const rejection = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'resolved',
    (error: Error) => error.name,
  );

withBroker('the whole log to a fresh topic, beside the publisher', async () => {
  const { log, topic, append, publisher, checkpoint, settings, deps } = world(brokers);
  await append(300);
  const one = publisher();
  await passed(one, await log.head());
  const before = await checkpoint();
  const fresh = freshTopic();
  const replayed = await kafkaReplay(deps(), settings, { from: 1n, topic: fresh });
  assert.equal(replayed, { to: await log.head(), published: 300, deadLetters: 0 });
  assert.is(await checkpoint(), before);
  await one.stop();
  const read = await readTopic(brokers, fresh);
  await equalsLog(read, log);
  assert.is(read.length, 300);
  assert.is((await readTopic(brokers, topic)).length, 300);
});

withBroker('from the middle; a publisher pointed to the topic goes on where it ended', async () => {
  const { log, append, publisher, settings, deps } = world(brokers);
  await append(100);
  const from = await append(1);
  await append(49);
  const topic = freshTopic();
  const { published } = await kafkaReplay(deps(), settings, { from, topic });
  assert.is(published, 50);
  await append(30);
  const one = publisher({ topic });
  await passed(one, await log.head());
  await one.stop();
  const read = await readTopic(brokers, topic);
  await equalsLog(read, log, from);
  assert.is(read.length, 80);
});

withBroker('one that was broken off goes on', async () => {
  const { log, append, settings, deps } = world(brokers, { batchSize: 10 });
  await append(400);
  const topic = freshTopic();
  const stopping = new AbortController();
  let commits = 0;
  const { store } = deps();
  const counting = {
    ...store,
    commit: async (...args: Parameters<typeof store.commit>) => {
      commits += 1;
      if (commits === 5) {
        stopping.abort();
      }
      return store.commit(...args);
    },
  };
  const { signal } = stopping;
  const broken = kafkaReplay(deps({ store: counting }), settings, { from: 1n, topic, signal });
  assert.is(await rejection(broken), 'AbortError');
  const sofar = (await readTopic(brokers, topic)).length;
  assert.ok(sofar >= 40 && sofar < 400, `${sofar} before it was broken off`);
  await kafkaReplay(deps(), settings, { from: 1n, topic });
  const read = await readTopic(brokers, topic);
  await equalsLog(read, log);
  assert.is(read.length, 400);
});

withBroker('refuses a topic that holds something else', async () => {
  const { log, topic, append, publisher, settings, deps } = world(brokers);
  await append(3);
  const one = publisher();
  await passed(one, await log.head());
  await one.stop();
  const other = { ...settings, name: 'other', topic: freshTopic() };
  assert.is(await rejection(kafkaReplay(deps(), other, { from: 1n, topic })), 'TopicNotFresh');
  assert.is(await rejection(kafkaReplay(deps(), settings, { from: 1n, topic })), 'BadKafkaSettings');
  assert.is((await readTopic(brokers, topic)).length, 3);
});

withForeign(`a consumer that is not ours reads it: ${foreign?.name}`, async () => {
  const topic = freshTopic();
  await makeTopic(brokers, topic, {}, 1);
  const { log, append, publisher } = world(brokers, { topic });
  await append(40, 3);
  const one = publisher();
  await passed(one, await log.head());
  await one.stop();
  const lines = (await foreign?.read(brokers, topic, 40)) ?? [];
  assert.is(lines.length, 40);
  let n = 0;
  const stopping = new AbortController();
  for await (const delivery of log.subscribe({ after: 0n, signal: stopping.signal })) {
    if (delivery.kind === 'caught-up') {
      break;
    }
    const { event } = delivery;
    const line = lines[n] ?? { key: '', headers: {}, value: '' };
    assert.is(line.key, event.stream);
    assert.is(line.value, publicData(event));
    assert.is(line.headers['ce_id'], event.id);
    assert.is(line.headers['ce_type'], 'io.nxmesh.upstream.created.v1');
    n += 1;
  }
  assert.is(n, 40);
});

test.run();
