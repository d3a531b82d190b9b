// SPDX-License-Identifier: Apache-2.0
/** Consumers that share no code with NxMesh: `kcat` where it is installed, else the console consumer of Kafka itself. */
import { join } from 'node:path';
import { kafkaJars } from './kafka.js';
import { runToEnd, skip, works } from './tools.js';

export interface Line {
  readonly key: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly value: string;
}

export interface ForeignConsumer {
  readonly name: string;
  /** The first `count` messages of a topic with one partition. */
  read(brokers: readonly string[], topic: string, count: number): Promise<readonly Line[]>;
}

const READ_MS = 30_000;

/** Undefined, with the reason printed, where there is none. */
export async function foreignConsumer(): Promise<ForeignConsumer | undefined> {
  if (await works('kcat', '-V')) {
    return kcat;
  }
  const jars = await kafkaJars();
  return typeof jars === 'string'
    ? consoleConsumer(jars)
    : skip('a foreign consumer', 'no kcat, and no Java');
}

const kcat: ForeignConsumer = {
  name: 'kcat',
  read: async (brokers, topic, count) => {
    const format = ['-f', '%k\\t%h\\t%s\\n'];
    const from = ['-C', '-q', '-b', brokers.join(','), '-t', topic, '-p', '0', '-o', 'beginning'];
    const text = await runToEnd('kcat', [...from, '-c', String(count), ...format], READ_MS);
    return lines(text).map(([key = '', headers = '', value = '']) => ({
      key,
      headers: pairs(headers, '='),
      value,
    }));
  },
};

function consoleConsumer(jars: string): ForeignConsumer {
  return {
    name: 'the console consumer of Kafka',
    read: async (brokers, topic, count) => {
      const main = 'org.apache.kafka.tools.consumer.ConsoleConsumer';
      const print = ['print.key=true', 'print.headers=true'].flatMap((one) => ['--property', one]);
      const from = ['--bootstrap-server', brokers.join(','), '--topic', topic, '--from-beginning'];
      const args = ['-Xmx128m', '-XX:TieredStopAtLevel=1', '-cp', join(jars, '*'), main, ...from];
      const text = await runToEnd('java', [...args, '--max-messages', String(count), ...print], READ_MS);
      return lines(text).map(([headers = '', key = '', value = '']) => ({
        key,
        headers: pairs(headers, ':'),
        value,
      }));
    },
  };
}

const lines = (text: string): string[][] =>
  text
    .split('\n')
    .map((line) => line.split('\t'))
    .filter((parts) => parts.length === 3);

const pairs = (text: string, sign: string): Record<string, string> =>
  Object.fromEntries(
    text.split(',').map((pair) => [pair.slice(0, pair.indexOf(sign)), pair.slice(pair.indexOf(sign) + 1)]),
  );
