// SPDX-License-Identifier: Apache-2.0
/** @slow 240 @alone: publishing to a real broker, which is stopped, killed and started again. */
import { createServer, type Socket } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Secret, streams, systemTimers } from '../../kernel/index.js';
import { agent, digest, event, id } from '../../projections/facts.harness.js';
import { StoreUnavailable } from '../../read-store/index.js';
import { freePort } from '../../test/harness/ports.js';
import { until } from '../../test/harness/until.js';
import { KAFKA_USER, startKafka } from '../../test/services/kafka.js';
import { makeTopic, readTopic } from '../../test/services/kafka-reader.js';
import { equalsLog, firsts, freshTopic, passed, world } from './publisher.harness.js';
import { kafkaPublisher } from './publisher.js';

const kafka = await startKafka();
const brokers = kafka?.brokers ?? [];
const test = suite('Kafka publisher');
const withBroker = kafka ? test : test.skip;
const withOurBroker = kafka?.control ? test : test.skip;

test.after(() => kafka?.stop());

withBroker('every event once, in the order of its stream, as a CloudEvent', async () => {
  const { log, topic, append, publisher, checkpoint } = world(brokers);
  await append(2_500, 7);
  const one = publisher();
  await passed(one, await append(20, 7));
  await one.stop();

  const read = await readTopic(brokers, topic);
  assert.is(read.length, 2_520);
  await equalsLog(read, log);
  assert.ok(new Set(read.map(({ partition }) => partition)).size > 1, 'several partitions are used');
  assert.is(await checkpoint(), await log.head());
  const headers = read[0]?.headers ?? {};
  assert.match(headers['ce_id'] ?? '', /^[0-9a-f-]{36}$/);
  assert.is(headers['ce_specversion'], '1.0');
  assert.is(headers['ce_type'], 'io.nxmesh.upstream.created.v1');
  assert.is(headers['ce_source'], 'nxmesh');
  assert.is(headers['ce_subject'], read[0]?.key);
  assert.is(headers['content-type'], 'application/json');
  assert.ok(!Number.isNaN(Date.parse(headers['ce_time'] ?? '')));
  assert.ok(headers['ce_correlationid']);
});

withBroker('hashes of tokens and keys stay inside', async () => {
  const { log, topic, publisher } = world(brokers);
  const stream = streams.workspace(id('workspace', 'w'));
  const made = agent('web-1');
  const token = digest('token');
  await log.append(stream, 'none', [
    event({
      type: 'agent.enrolled',
      data: { agent: made, token_sha256: token, token_expires_at: made.created_at },
    }),
    event({
      type: 'agent.registered',
      data: { agent_id: made.id, public_key_sha256: digest('key'), at: made.created_at },
    }),
  ]);
  await log.append(streams.email('0123456789abcdef'), 'none', [
    event({ type: 'email.reserved', data: { user_id: id('user'), at: made.created_at } }),
  ]);
  const one = publisher();
  await passed(one, await log.head());
  await one.stop();
  const read = await readTopic(brokers, topic);
  assert.equal(
    read.map(({ value }) => JSON.parse(value)),
    [
      { agent: made, token_expires_at: made.created_at },
      { agent_id: made.id, at: made.created_at },
    ],
  );
});

withBroker('a crash between acknowledgement and checkpoint sends again, with the same ids', async () => {
  const { log, store, topic, append, publisher } = world(brokers, { batchSize: 10 });
  await append(100);
  let commits = 0;
  const failing = {
    ...store,
    commit: async (...args: Parameters<typeof store.commit>) => {
      commits += 1;
      if (commits === 4) {
        throw new StoreUnavailable('away');
      }
      return store.commit(...args);
    },
  };
  const one = publisher({}, { store: failing });
  await passed(one, await log.head());
  await one.stop();
  const read = await readTopic(brokers, topic);
  await equalsLog(read, log);
  assert.is(firsts(read).length, 100);
  assert.is(read.length, 110, 'the batch whose checkpoint failed is there twice');
});

withBroker('a restart in the middle loses nothing and repeats nothing', async () => {
  const { log, topic, append, publisher } = world(brokers, { batchSize: 20 });
  await append(600);
  const one = publisher();
  await until('it began', async () => (await one.status()).published >= 40);
  await one.stop();
  const { published, state } = await one.status();
  assert.is(state, 'ended');
  assert.ok(published >= 40 && published < 600, `stopped after ${published}`);
  await append(50);
  const two = publisher();
  await passed(two, await log.head());
  await two.stop();
  const read = await readTopic(brokers, topic);
  await equalsLog(read, log);
  assert.is(read.length, 650);
});

withBroker('of two publishers one owns the topic; the other takes over', async () => {
  const { log, topic, append, publisher } = world(brokers);
  const one = publisher();
  await passed(one, await append(30));
  const two = publisher();
  await until('the second stands by', async () => (await two.status()).state === 'standby');
  await passed(one, await append(30));
  assert.is((await two.status()).published, 0);
  await one.stop();
  await passed(two, await append(30));
  await two.stop();
  const read = await readTopic(brokers, topic);
  await equalsLog(read, log);
  assert.is(read.length, 90);
});

withBroker('an owner that slept through its lease sends nothing when it wakes up', async () => {
  const { log, topic, append, publisher } = world(brokers);
  let asleep = false;
  const sleepy = {
    ...systemTimers,
    every: (ms: number, task: () => void) => systemTimers.every(ms, () => asleep || task()),
  };
  const one = publisher({}, { timers: sleepy });
  await passed(one, await append(30));
  asleep = true;
  const two = publisher();
  await until('the second owns it', async () => (await two.status()).state === 'live');
  await passed(two, await append(30));
  await Promise.all([one.stop(), two.stop()]);
  const read = await readTopic(brokers, topic);
  await equalsLog(read, log);
  assert.is((await one.status()).published + (await two.status()).published, read.length);
  assert.is(read.length, 60);
});

withBroker('what is too large for a message goes to the dead letters, the others go on', async () => {
  const { log, topic, append, publisher } = world(brokers, { maxMessageBytes: 20_000 });
  await append(20);
  const large = await append(1, 5, 240);
  await append(20);
  const one = publisher();
  await passed(one, await log.head());
  assert.is((await one.status()).deadLetters, 1);
  await one.stop();
  assert.is((await readTopic(brokers, topic)).length, 40);
  const [letter] = await readTopic(brokers, `${topic}.dead-letter`);
  const note = JSON.parse(letter?.value ?? '');
  assert.is(note.reason, 'too_large');
  assert.is(note.event.position, String(large));
  assert.is(note.topic, topic);
  assert.is(letter?.headers['ce_id'], note.event.id);
  assert.is(letter?.headers['nxmesh_dead_letter'], 'too_large');
});

withBroker('a broker that takes less than we think gets smaller batches', async () => {
  const topic = freshTopic();
  await makeTopic(brokers, topic, { 'max.message.bytes': '6000' });
  const { log, append, publisher } = world(brokers, { topic });
  await append(60);
  const large = await append(1, 5, 100);
  await append(20);
  const one = publisher();
  await passed(one, await log.head());
  assert.is((await one.status()).deadLetters, 1);
  await one.stop();
  const read = await readTopic(brokers, topic);
  assert.is(firsts(read).length, 80);
  const positions = firsts(read).map(({ headers }) => headers['ce_position']);
  assert.not.ok(positions.includes(String(large)));
});

withBroker('compresses when told to', async () => {
  const topic = freshTopic();
  await makeTopic(brokers, topic, { 'max.message.bytes': '6000' });
  const { log, append, publisher } = world(brokers, { topic, gzip: true });
  await append(1, 5, 240);
  const one = publisher();
  await passed(one, await log.head());
  assert.is((await one.status()).deadLetters, 0);
  await one.stop();
  await equalsLog(await readTopic(brokers, topic), log);
});

withBroker('waits for a topic that is not there, by name', async () => {
  const { log, topic, append, settings, deps } = world(brokers);
  await append(3);
  const { createTopics: _, ...rest } = settings;
  const one = kafkaPublisher(deps(), rest);
  const error = await until('the error', async () => (await one.status()).error);
  assert.is(error, `KafkaRefused: no topic ${topic}, no topic ${topic}.dead-letter`);
  await makeTopic(brokers, topic);
  await makeTopic(brokers, `${topic}.dead-letter`);
  await passed(one, await log.head());
  await one.stop();
});

test('brokers that cannot be reached are told in the status', async () => {
  const { log, append, publisher, checkpoint } = world([`127.0.0.1:${await freePort()}`]);
  await append(3);
  const one = publisher();
  await until('the error', async () => (await one.status()).error);
  const status = await one.status();
  assert.is(status.state, 'waiting');
  assert.match(status.error ?? '', /^KafkaUnavailable: .*ECONNREFUSED/);
  assert.is(status.lag, await log.head());
  await one.stop();
  assert.is(await checkpoint(), 0n);
});

test('stopping takes no time while a broker says nothing', async () => {
  const sockets: Socket[] = [];
  const silent = createServer((socket) => void sockets.push(socket.on('error', () => {}).resume()));
  await new Promise<void>((listening) => silent.listen(0, '127.0.0.1', listening));
  const address = silent.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  const { append, publisher } = world([`127.0.0.1:${port}`]);
  await append(3);
  const one = publisher();
  await until('it has connected', () => sockets.length > 0);
  const started = performance.now();
  await one.stop();
  assert.ok(performance.now() - started < 3_000);
  silent.close();
  await until('its connections have ended', () => sockets.every((socket) => socket.closed));
});

withOurBroker('signs in; a wrong password is told without showing it', async () => {
  const saslBrokers = kafka?.control?.saslBrokers ?? [];
  const { log, append, publisher } = world(saslBrokers);
  await append(3);
  const { username, password } = KAFKA_USER;
  const sasl = (word: string) => ({ mechanism: 'plain', username, password: new Secret(word) }) as const;
  const wrong = publisher({ sasl: sasl('open sesame') });
  const error = await until('the error', async () => (await wrong.status()).error);
  assert.match(error, /^KafkaRefused: /);
  assert.not.match(error, /sesame/);
  await wrong.stop();
  const right = publisher({ sasl: sasl(password) });
  await passed(right, await log.head());
  await right.stop();
});

withOurBroker('while the broker is away nothing is lost and the checkpoint stands', async () => {
  const { log, topic, append, publisher, checkpoint } = world(brokers);
  const one = publisher();
  await passed(one, await append(50));
  const before = await checkpoint();
  await kafka?.control?.down();
  await append(50);
  const error = await until('the error', async () => (await one.status()).error, 30_000);
  assert.match(error, /^KafkaUnavailable: /);
  assert.is((await one.status()).state, 'waiting');
  assert.is((await one.status()).lag, (await log.head()) - before);
  assert.is(await checkpoint(), before);
  await kafka?.control?.up();
  await passed(one, await log.head());
  await one.stop();
  await equalsLog(await readTopic(brokers, topic), log);
});

withOurBroker('a broker killed in the middle of it costs no event', async () => {
  const { log, topic, append, publisher } = world(brokers, { batchSize: 25 });
  await append(4_000);
  const one = publisher();
  await until('it began', async () => (await one.status()).published >= 200);
  await kafka?.control?.down('SIGKILL');
  assert.ok((await one.status()).published < 4_000, 'it was in the middle');
  await kafka?.control?.up();
  await passed(one, await log.head(), 60_000);
  await one.stop();
  await equalsLog(await readTopic(brokers, topic), log);
});

test.run();
