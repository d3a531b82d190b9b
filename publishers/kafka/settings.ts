// SPDX-License-Identifier: Apache-2.0
import type { Secret } from '../../kernel/index.js';
import { BadKafkaSettings } from './errors.js';

export interface KafkaSettings {
  /**
   * Names the publisher among several, `kafka` when left out. Its lease and checkpoint are kept under this name and the
   * topic's: a publisher that is pointed to another cluster needs another name, or it goes on where the first one was.
   */
  readonly name?: string;
  /** `host:port` of brokers to begin with; they name the others. */
  readonly brokers: readonly string[];
  /** Gets every published event. */
  readonly topic: string;
  /** Gets a note of each event that can never be sent; `<topic>.dead-letter` when left out. */
  readonly deadLetterTopic?: string;
  /** Missing topics are made like this; when left out they must be there. */
  readonly createTopics?: { readonly partitions: number; readonly replicationFactor: number };
  /** `ce_source`: names this control plane among those whose events a consumer reads; `nxmesh` when left out. */
  readonly source?: string;
  /**
   * Bytes of one message, and of one batch; 1,000,000 when left out. The brokers' `max.message.bytes` counts for a whole
   * batch of a partition: what stands here must not be larger.
   */
  readonly maxMessageBytes?: number;
  /** Events a batch, 1,000 when left out. */
  readonly batchSize?: number;
  /** Compresses batches; the brokers count compressed bytes. */
  readonly gzip?: boolean;
  /** PEM texts. An empty object: TLS with the certificate authorities that Node knows. */
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: Secret };
  readonly sasl?: {
    readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
    readonly username: string;
    readonly password: Secret;
  };
}

type Defaulted =
  | 'name'
  | 'deadLetterTopic'
  | 'createTopics'
  | 'source'
  | 'maxMessageBytes'
  | 'batchSize'
  | 'gzip';

/** Settings with nothing left out and nothing wrong. */
export interface CheckedSettings extends Omit<KafkaSettings, Defaulted> {
  readonly name: string;
  readonly deadLetterTopic: string;
  readonly createTopics: KafkaSettings['createTopics'];
  readonly source: string;
  readonly maxMessageBytes: number;
  readonly batchSize: number;
  readonly gzip: boolean;
}

const BROKER = /^(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+):[0-9]{1,5}$/;
const TOPIC = /^(?!\.{1,2}$)[A-Za-z0-9._-]{1,249}$/;
const NAME = /^[a-z0-9-]{1,64}$/;
const SOURCE = /^[\x21-\x7e]{1,256}$/;

/** Fills in what was left out. Throws `BadKafkaSettings` with every fault. */
export function checkSettings(given: KafkaSettings): CheckedSettings {
  const settings: CheckedSettings = {
    ...given,
    name: given.name ?? 'kafka',
    deadLetterTopic: given.deadLetterTopic ?? `${given.topic}.dead-letter`,
    createTopics: given.createTopics,
    source: given.source ?? 'nxmesh',
    maxMessageBytes: given.maxMessageBytes ?? 1_000_000,
    batchSize: given.batchSize ?? 1_000,
    gzip: given.gzip ?? false,
  };
  const { brokers, createTopics, topic, deadLetterTopic } = settings;
  const whole = (what: string, value: number, least: number, most: number): string | false =>
    !(Number.isSafeInteger(value) && value >= least && value <= most) &&
    `${what} must be a whole number from ${least} to ${most}`;
  const faults = [
    !NAME.test(settings.name) && `name ${JSON.stringify(settings.name)} is not of a-z, 0-9 and -`,
    brokers.length === 0 && 'brokers are not named',
    ...brokers.map((one) => !BROKER.test(one) && `broker ${JSON.stringify(one)} is not host:port`),
    ...[topic, deadLetterTopic].map(
      (one) => !TOPIC.test(one) && `topic ${JSON.stringify(one)} is not a topic's name`,
    ),
    topic === deadLetterTopic && 'topic and dead-letter topic are the same',
    !SOURCE.test(settings.source) && `source ${JSON.stringify(settings.source)} is not a URI reference`,
    whole('maxMessageBytes', settings.maxMessageBytes, 1_024, 100_000_000),
    whole('batchSize', settings.batchSize, 1, 100_000),
    createTopics && whole('createTopics.partitions', createTopics.partitions, 1, 10_000),
    createTopics && whole('createTopics.replicationFactor', createTopics.replicationFactor, 1, 100),
  ].filter((fault): fault is string => typeof fault === 'string');
  if (faults.length > 0) {
    throw new BadKafkaSettings(faults);
  }
  return settings;
}

/** Under which the lease and the checkpoint are kept. */
export const checkpointName = ({ name, topic }: Pick<CheckedSettings, 'name' | 'topic'>): string =>
  `publisher:${name}:${topic}`;
