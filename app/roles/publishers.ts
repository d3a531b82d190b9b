// SPDX-License-Identifier: Apache-2.0
import type { Context } from '../context.js';
import type { Part } from './part.js';

const LEASE_MS = 6_000;

/** Consumers of the log outside NxMesh: Kafka where brokers are named. */
export async function publishersRole(context: Context): Promise<Part> {
  const { settings, events, readStore, clock, timers, random, owner } = context;
  if (settings.kafkaBrokers.length === 0) {
    return { close: async () => {} };
  }
  const { kafkaPublisher } = await import('../../publishers/kafka/index.js');
  const publisher = kafkaPublisher(
    { log: events, store: readStore, clock, timers, random, owner, leaseTtlMs: LEASE_MS },
    {
      brokers: settings.kafkaBrokers,
      topic: settings.kafkaTopic,
      createTopics: { partitions: 12, replicationFactor: 1 },
    },
  );
  return {
    components: async () => {
      const { state } = await publisher.status();
      return { publishers: state === 'stopped' ? 'unhealthy' : state === 'waiting' ? 'degraded' : 'healthy' };
    },
    measures: async () => {
      const { name, lag } = await publisher.status();
      return [
        {
          name: 'nxmesh_publisher_lag_positions',
          help: 'How far a publisher is behind the newest event',
          value: Number(lag),
          labels: { publisher: name },
        },
      ];
    },
    close: () => publisher.stop(),
  };
}
