// SPDX-License-Identifier: Apache-2.0
/** The one place that knows kafkajs. It is rebuilt after every failure: its own recovery is not leant on. */
import { isIP, connect as tcpConnect } from 'node:net';
import { connect as tlsConnect } from 'node:tls';
import kafkajs, { type Admin, type KafkaConfig, type SASLOptions } from 'kafkajs';
import { type Clock, errorMessage, type Timers } from '../../kernel/index.js';
import { within } from '../within.js';
import type { Message } from './envelope.js';
import { KafkaRefused, KafkaUnavailable, MessagesTooLarge } from './errors.js';
import type { CheckedSettings } from './settings.js';

// Its module names not all that it exports in a way that Node can see.
const {
  CompressionTypes,
  Kafka,
  KafkaJSProtocolError,
  KafkaJSSASLAuthenticationError,
  logLevel,
  Partitioners,
} = kafkajs;

export interface KafkaClient {
  /** Resolves when every in-sync replica has all of them. One call at a time: that keeps their order. */
  send(topic: string, messages: readonly Message[]): Promise<void>;
  /** True when nothing was ever written to the topic. */
  untouched(topic: string): Promise<boolean>;
  /** Ends the connections, whatever the brokers do. */
  close(): Promise<void>;
}

const CONNECT_MS = 5_000;
const REQUEST_MS = 15_000;
const ACK_MS = 10_000;
const CLOSE_MS = 1_000;
/** To other brokers of the list, within one session; further ones are the publisher's. */
const CONNECT_RETRIES = { retries: 3, initialRetryTime: 50, maxRetryTime: 500 };

const TOO_LARGE = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE']);

/** What went wrong, by our names. */
function named(error: unknown): Error {
  for (let one = error; one instanceof Error; one = one.cause) {
    if (one instanceof KafkaJSProtocolError && TOO_LARGE.has(one.type)) {
      return new MessagesTooLarge(one.message, { cause: error });
    }
    const refused = one instanceof KafkaJSProtocolError && !one.retriable;
    if (refused || one instanceof KafkaJSSASLAuthenticationError) {
      return new KafkaRefused(one.message, { cause: error });
    }
  }
  return new KafkaUnavailable(errorMessage(error), { cause: error });
}

async function asked<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw error instanceof KafkaRefused ? error : named(error);
  }
}

/**
 * Connects and sees to it that the topics are there. Throws `KafkaUnavailable` and `KafkaRefused`; gives up when the
 * signal aborts.
 */
export async function connectKafka(
  deps: { clock: Clock; timers: Timers },
  settings: CheckedSettings,
  signal: AbortSignal,
): Promise<KafkaClient> {
  const { clock, timers } = deps;
  const ended = new AbortController();
  const kafka = new Kafka(clientConfig(settings, ended.signal));
  const admin = kafka.admin();
  const producer = kafka.producer({
    createPartitioner: Partitioners.DefaultPartitioner,
    allowAutoTopicCreation: false,
    retry: { retries: 0 },
  });

  async function close(): Promise<void> {
    const orderly = Promise.allSettled([producer.disconnect(), admin.disconnect()]);
    await within(timers, CLOSE_MS, orderly);
    ended.abort();
  }

  const giveUp = (): void => ended.abort();
  signal.addEventListener('abort', giveUp, { once: true });
  try {
    if (signal.aborted) {
      throw new KafkaUnavailable('given up');
    }
    await asked(Promise.all([admin.connect(), producer.connect()]));
    await asked(ensureTopics(admin, settings));
  } catch (error) {
    await close();
    throw error;
  } finally {
    signal.removeEventListener('abort', giveUp);
  }

  return {
    send: async (topic, messages) => {
      const timestamp = String(clock.now());
      await asked(
        producer.send({
          topic,
          acks: -1,
          timeout: ACK_MS,
          compression: settings.gzip ? CompressionTypes.GZIP : CompressionTypes.None,
          messages: messages.map(({ key, value, headers }) => ({ key, value, headers, timestamp })),
        }),
      );
    },
    untouched: async (topic) => {
      const offsets = await asked(admin.fetchTopicOffsets(topic));
      return offsets.every(({ high }) => high === '0');
    },
    close,
  };
}

/** Every connection ends with the signal. */
function clientConfig(settings: CheckedSettings, signal: AbortSignal): KafkaConfig {
  const { brokers, tls, sasl, name } = settings;
  return {
    clientId: `nxmesh-${name}`,
    brokers: [...brokers],
    connectionTimeout: CONNECT_MS,
    requestTimeout: REQUEST_MS,
    retry: CONNECT_RETRIES,
    // What it has to say comes with the errors.
    logLevel: logLevel.NOTHING,
    ...(tls && {
      ssl: {
        ...(tls.ca !== undefined && { ca: tls.ca }),
        ...(tls.cert !== undefined && { cert: tls.cert }),
        ...(tls.key && { key: tls.key.reveal() }),
      },
    }),
    ...(sasl && { sasl: { ...sasl, password: sasl.password.reveal() } as SASLOptions }),
    socketFactory: ({ host, port, ssl, onConnect }) => {
      const socket = ssl
        ? tlsConnect({ host, port, ...(isIP(host) === 0 && { servername: host }), ...ssl }, onConnect)
        : tcpConnect({ host, port }, onConnect);
      // With an error, or kafkajs does not notice and waits for answers that never come.
      const destroy = (): void => void socket.destroy(new Error('given up'));
      signal.addEventListener('abort', destroy, { once: true });
      socket.once('close', () => signal.removeEventListener('abort', destroy));
      if (signal.aborted) {
        destroy();
      }
      return socket.setKeepAlive(true, 60_000);
    },
  };
}

async function ensureTopics(
  admin: Admin,
  { topic, deadLetterTopic, createTopics }: CheckedSettings,
): Promise<void> {
  const there = new Set(await admin.listTopics());
  const missing = [topic, deadLetterTopic].filter((one) => !there.has(one));
  if (missing.length === 0) {
    return;
  }
  if (!createTopics) {
    throw new KafkaRefused(`no topic ${missing.join(', no topic ')}`);
  }
  const { partitions: numPartitions, replicationFactor } = createTopics;
  await admin.createTopics({
    waitForLeaders: true,
    topics: missing.map((one) => ({ topic: one, numPartitions, replicationFactor })),
  });
}
