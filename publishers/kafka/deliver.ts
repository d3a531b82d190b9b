// SPDX-License-Identifier: Apache-2.0
import type { KafkaClient } from './client.js';
import { type Message, toDeadLetter } from './envelope.js';
import { MessagesTooLarge } from './errors.js';
import type { CheckedSettings } from './settings.js';

/**
 * Sends messages in their order and gives how many of them became dead letters. What is too large together is sent in
 * halves; what is too large alone can never be sent, and a note of it goes to the dead-letter topic.
 */
export async function deliver(
  client: Pick<KafkaClient, 'send'>,
  settings: CheckedSettings,
  messages: readonly Message[],
): Promise<number> {
  const { topic, deadLetterTopic, maxMessageBytes } = settings;
  const [first] = messages;
  if (!first) {
    return 0;
  }
  const alone = messages.length === 1;
  if (!alone || first.bytes <= maxMessageBytes) {
    try {
      await client.send(topic, messages);
      return 0;
    } catch (error) {
      if (!(error instanceof MessagesTooLarge)) {
        throw error;
      }
    }
  }
  if (alone) {
    await client.send(deadLetterTopic, [toDeadLetter(first, topic, 'too_large')]);
    return 1;
  }
  const half = messages.length >> 1;
  const before = await deliver(client, settings, messages.slice(0, half));
  return before + (await deliver(client, settings, messages.slice(half)));
}
