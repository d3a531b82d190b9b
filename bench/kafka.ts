// SPDX-License-Identifier: Apache-2.0
/**
 * Publishing to Kafka: events a second from a log in memory through the publisher (read, envelope, lease, checkpoint),
 * beside bare kafkajs that sends the same messages in the same batches, to a real broker on this machine.
 *
 *   node dist/bench/kafka.js [events = 40000] [rounds = 5]
 */
import kafkajs from 'kafkajs';
import { eventLog, memoryLog, type RawEvent } from '../event-log/index.js';
import { streams, systemClock, systemRandom, systemTimers } from '../kernel/index.js';
import { event, id, upstream } from '../projections/facts.harness.js';
import { batches } from '../publishers/kafka/batches.js';
import { type Message, toMessage } from '../publishers/kafka/envelope.js';
import { kafkaPublisher } from '../publishers/kafka/index.js';
import { checkSettings } from '../publishers/kafka/settings.js';
import { memoryReadStore } from '../read-store/index.js';
import { until } from '../test/harness/until.js';
import { startKafka } from '../test/services/kafka.js';
import { makeTopic } from '../test/services/kafka-reader.js';
import { median, perSecond, ratio } from './figures.js';

const EVENTS = Number(process.argv[2] ?? 40_000);
const ROUNDS = Number(process.argv[3] ?? 5);
const STREAMS = 64;
const PARTITIONS = 3;

const adapter = memoryLog();
const log = eventLog(adapter);

/** Upstreams made in turn in workspaces. */
async function fill(): Promise<void> {
  const perStream = Math.ceil(EVENTS / STREAMS);
  for (let s = 0; s < STREAMS; s++) {
    const events = Array.from({ length: perStream }, (_, n): RawEvent => {
      const made = event({ type: 'upstream.created', data: { upstream: upstream(`u${s}-${n}`) } });
      return { ...made, data: JSON.stringify(made.data), meta: JSON.stringify(made.meta) };
    });
    await adapter.append(streams.workspace(id('bench', s)), 'none', events);
  }
}

/** The batches that the publisher makes of the log, made beforehand. */
async function prepared(brokers: readonly string[]): Promise<(readonly Message[])[]> {
  const settings = checkSettings({ brokers, topic: 'bench' });
  const all: (readonly Message[])[] = [];
  const line = batches(settings, async (messages) => void all.push(messages));
  for await (const delivery of log.subscribe({ after: 0n, signal: new AbortController().signal })) {
    if (delivery.kind === 'caught-up') {
      break;
    }
    await line.take(toMessage(delivery.event, settings.source), delivery.event.position);
  }
  await line.settled();
  return all;
}

async function bare(
  brokers: readonly string[],
  topic: string,
  all: readonly (readonly Message[])[],
): Promise<number> {
  const { Kafka, logLevel, Partitioners } = kafkajs;
  const kafka = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING });
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
  const started = performance.now();
  await producer.connect();
  for (const messages of all) {
    await producer.send({ topic, acks: -1, messages: [...messages] });
  }
  const seconds = (performance.now() - started) / 1_000;
  await producer.disconnect();
  return seconds;
}

async function ours(brokers: readonly string[], topic: string): Promise<number> {
  const store = memoryReadStore({ clock: systemClock });
  const deps = { log, store, clock: systemClock, timers: systemTimers, random: systemRandom, owner: 'bench' };
  const started = performance.now();
  const publisher = kafkaPublisher(deps, { brokers, topic });
  await until('all is published', async () => (await publisher.status()).lag === 0n, 600_000, 2);
  const seconds = (performance.now() - started) / 1_000;
  await publisher.stop();
  return seconds;
}

const kafka = await startKafka();
if (kafka) {
  const { brokers } = kafka;
  await fill();
  const all = await prepared(brokers);
  const total = all.reduce((sum, { length }) => sum + length, 0);
  const bytes = all.flat().reduce((sum, one) => sum + one.bytes, 0);
  console.log(
    `${total} events of about ${Math.round(bytes / total)} bytes, ${all.length} batches, ${ROUNDS} rounds`,
  );
  const rates = { bare: [] as number[], ours: [] as number[] };
  // The first round warms up the broker and both clients and does not count.
  for (let round = 0; round <= ROUNDS; round++) {
    const topic = `bench-${process.pid}-${round}`;
    for (const name of [`${topic}-bare`, `${topic}-ours`, `${topic}-ours.dead-letter`]) {
      await makeTopic(brokers, name, {}, PARTITIONS);
    }
    const bareRate = total / (await bare(brokers, `${topic}-bare`, all));
    const ourRate = total / (await ours(brokers, `${topic}-ours`));
    if (round > 0) {
      rates.bare.push(bareRate);
      rates.ours.push(ourRate);
    }
  }
  const base = median(rates.bare);
  console.log(`bare kafkajs   ${perSecond(base)}`);
  console.log(
    `the publisher  ${perSecond(median(rates.ours))}  ${ratio(median(rates.ours), base)} (to be ≥ 0.80)`,
  );
  await kafka.stop();
}
