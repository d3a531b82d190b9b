// SPDX-License-Identifier: Apache-2.0
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { deferred } from '../../kernel/index.js';
import { until } from '../../test/harness/until.js';
import { batches } from './batches.js';
import { deliver } from './deliver.js';
import type { Message } from './envelope.js';
import { KafkaUnavailable, MessagesTooLarge } from './errors.js';
import { checkSettings } from './settings.js';

const test = suite('Kafka delivery');
const settings = checkSettings({ brokers: ['a:1'], topic: 'events', maxMessageBytes: 2_000 });

const message = (name: string, bytes = 100): Message => ({
  key: name,
  value: '{}',
  headers: { ce_id: name },
  bytes,
});
const names = (messages: readonly Message[]): string => messages.map(({ key }) => key).join('');

/** A broker whose limit is stricter than ours; what it took, in order. */
function strict(limit: number) {
  const taken: string[] = [];
  return {
    taken,
    send: async (topic: string, messages: readonly Message[]) => {
      if (topic === 'events' && messages.reduce((sum, { bytes }) => sum + bytes, 0) > limit) {
        throw new MessagesTooLarge('too large');
      }
      taken.push(`${topic}:${names(messages)}`);
    },
  };
}

test('halves what is too large together, keeps the order, puts aside what is too large alone', async () => {
  const broker = strict(250);
  const dead = await deliver(broker, settings, [
    ...'abc'.split('').map((one) => message(one)),
    message('X', 300),
    ...'de'.split('').map((one) => message(one)),
    message('Y', 9_000),
  ]);
  assert.is(dead, 2);
  assert.equal(broker.taken, [
    'events:a',
    'events:bc',
    'events.dead-letter:X',
    'events:d',
    'events:e',
    'events.dead-letter:Y',
  ]);
});

test('does not try what is over our own bound; other failures are not for the dead letters', async () => {
  const broker = strict(1_000_000);
  assert.is(await deliver(broker, settings, [message('Z', 2_001)]), 1);
  assert.equal(broker.taken, ['events.dead-letter:Z']);
  const away = {
    send: async () => {
      throw new KafkaUnavailable('away');
    },
  };
  for (const batch of [[message('a')], [message('a'), message('b')]]) {
    try {
      await deliver(away, settings, batch);
      assert.unreachable('passed on');
    } catch (error) {
      assert.instance(error, KafkaUnavailable);
    }
  }
});

test('batches are bounded in number and bytes; one is on its way, one is gathered', async () => {
  const sent: string[] = [];
  const gate = deferred();
  const line = batches({ batchSize: 3, maxMessageBytes: 1_000 }, async (messages, to) => {
    sent.push(`${names(messages)}@${to}`);
    await gate.promise;
  });
  let taken = 0;
  const all = (async () => {
    for (const one of 'abcdefg'.split('')) {
      taken += 1;
      await line.take(message(one), BigInt(taken));
    }
    await line.take(message('L', 950), 8n);
    await line.take(message('M', 100), 9n);
    await line.settled();
  })();
  await until('it waits with the second batch', () => taken === 6);
  assert.equal(sent, ['abc@3']);
  assert.is(taken, 6, 'the second batch is full and waits');
  gate.resolve();
  await all;
  assert.equal(sent, ['abc@3', 'def@6', 'g@7', 'L@8', 'M@9']);
});

test('after a failure nothing more is sent', async () => {
  const sent: string[] = [];
  const line = batches({ batchSize: 1, maxMessageBytes: 1_000 }, async (messages) => {
    sent.push(names(messages));
    throw new KafkaUnavailable('away');
  });
  await line.take(message('a'), 1n);
  for (const act of [() => line.take(message('b'), 2n), () => line.settled(), () => line.sent()]) {
    try {
      await act();
      assert.unreachable('fails');
    } catch (error) {
      assert.instance(error, KafkaUnavailable);
    }
  }
  assert.equal(sent, ['a']);
});

test.run();
