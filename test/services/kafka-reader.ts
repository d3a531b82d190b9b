// SPDX-License-Identifier: Apache-2.0
/** What is in a topic, as a consumer sees it. */
import { Kafka, logLevel } from 'kafkajs';
import { until } from '../harness/until.js';

export interface Read {
  readonly partition: number;
  readonly offset: bigint;
  readonly key: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly value: string;
}

/** Makes a topic, with settings of its own. */
export async function makeTopic(
  brokers: readonly string[],
  topic: string,
  config: Readonly<Record<string, string>> = {},
  partitions = 3,
): Promise<void> {
  const admin = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  const configEntries = Object.entries(config).map(([name, value]) => ({ name, value }));
  await admin.createTopics({
    waitForLeaders: true,
    topics: [{ topic, numPartitions: partitions, replicationFactor: 1, configEntries }],
  });
  await admin.disconnect();
}

/** Everything that is in the topic now, partition by partition in its order. */
export async function readTopic(brokers: readonly string[], topic: string): Promise<readonly Read[]> {
  const kafka = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  // A broker that has just started may not lead all of its partitions yet.
  const ends = await until(`the offsets of ${topic}`, () => admin.fetchTopicOffsets(topic), 30_000);
  await admin.disconnect();
  const total = ends.reduce((sum, { high, low }) => sum + Number(high) - Number(low), 0);
  const found: Read[] = [];
  if (total === 0) {
    return found;
  }
  const consumer = kafka.consumer({ groupId: `reader-${crypto.randomUUID()}`, maxWaitTimeInMs: 100 });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    eachMessage: async ({ partition, message }) => {
      found.push({
        partition,
        offset: BigInt(message.offset),
        key: String(message.key),
        headers: Object.fromEntries(
          Object.entries(message.headers ?? {}).map(([name, value]) => [name, String(value)]),
        ),
        value: String(message.value),
      });
    },
  });
  try {
    await until(`${total} messages of ${topic}`, () => found.length >= total, 30_000);
  } finally {
    await consumer.disconnect();
  }
  return found.sort((a, b) => a.partition - b.partition || Number(a.offset - b.offset));
}
