// SPDX-License-Identifier: Apache-2.0
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { BadKafkaSettings } from './errors.js';
import { checkpointName, checkSettings } from './settings.js';

const test = suite('Kafka settings');

test('fills in what was left out', () => {
  const settings = checkSettings({ brokers: ['kafka-1:9092', '[::1]:9092'], topic: 'nxmesh.events' });
  assert.is(settings.deadLetterTopic, 'nxmesh.events.dead-letter');
  assert.is(settings.maxMessageBytes, 1_000_000);
  assert.is(settings.gzip, false);
  assert.is(settings.createTopics, undefined);
  assert.is(checkpointName(settings), 'publisher:kafka:nxmesh.events');
});

test('names every fault at once', () => {
  try {
    checkSettings({
      brokers: ['kafka', 'a:b:9092'],
      topic: '..',
      deadLetterTopic: 'a/b',
      name: 'A b',
      source: 'two words',
      maxMessageBytes: 10,
      batchSize: 0.5,
      createTopics: { partitions: 0, replicationFactor: 3 },
    });
    assert.unreachable('refused');
  } catch (error) {
    assert.instance(error, BadKafkaSettings);
    const faults = (error as Error).message.split('; ');
    assert.is(faults.length, 9, faults.join('\n'));
    assert.ok(faults.includes('broker "kafka" is not host:port'));
    assert.ok(faults.includes('maxMessageBytes must be a whole number from 1024 to 100000000'));
  }
  assert.throws(() => checkSettings({ brokers: [], topic: 'a' }), /brokers are not named/);
  assert.throws(() => checkSettings({ brokers: ['a:1'], topic: 'a', deadLetterTopic: 'a' }), /are the same/);
});

test.run();
