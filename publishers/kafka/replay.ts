// SPDX-License-Identifier: Apache-2.0
import type { Position } from '../../kernel/index.js';
import { BadKafkaSettings, Outrun, TopicNotFresh } from './errors.js';
import { type PublisherDeps, publishLoop } from './publisher.js';
import type { SessionOptions } from './session.js';
import { checkpointName, checkSettings, type KafkaSettings } from './settings.js';
import { tally } from './tally.js';

export interface ReplayOptions {
  /** First position, `1n` for all. */
  readonly from: Position;
  /** A topic that nothing was ever written to. */
  readonly topic: string;
  readonly signal?: AbortSignal;
}

export interface Replayed {
  /** The topic has everything from `from` to here. */
  readonly to: Position;
  readonly published: number;
  readonly deadLetters: number;
}

/**
 * Publishes the log from a position up to its present head to a fresh topic, beside the running publisher, and resolves
 * when the brokers have it all. It keeps a checkpoint of its own, so that one that was broken off goes on when called
 * again, and a publisher that is then pointed to the topic goes on where the replay ended.
 * Waits while the brokers are away. Throws `TopicNotFresh` and `BadKafkaSettings`, what the log throws, and the signal's reason.
 */
export async function kafkaReplay(
  deps: PublisherDeps,
  given: KafkaSettings,
  { from, topic, signal = new AbortController().signal }: ReplayOptions,
): Promise<Replayed> {
  const { deadLetterTopic } = checkSettings(given);
  const settings = checkSettings({ ...given, topic, deadLetterTopic });
  if (topic === given.topic) {
    throw new BadKafkaSettings([`a replay does not go to ${topic}, the publisher's own topic`]);
  }
  const name = checkpointName(settings);
  const { store } = deps;
  const progress = tally();

  const begin: SessionOptions['begin'] = async (client, lease) => {
    const stored = await store.checkpoint(name);
    if (!(await client.untouched(topic))) {
      if (stored === 0n) {
        throw new TopicNotFresh(topic);
      }
      return stored;
    }
    // A checkpoint of a topic that was made anew since counts for nothing.
    await store.drop(name);
    const start = from > 0n ? from - 1n : 0n;
    const result = await store.commit({ projection: name, from: 0n, to: start, ops: [], epoch: lease.epoch });
    if (!result.ok) {
      throw new Outrun();
    }
    return start;
  };

  const until = await deps.log.head();
  await publishLoop(deps, settings, progress, signal, { begin, until });
  signal.throwIfAborted();
  const { position, published, deadLetters } = progress.get();
  return { to: position, published, deadLetters };
}
