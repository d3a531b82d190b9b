// SPDX-License-Identifier: Apache-2.0
/**
 * A real Kafka broker for tests and benchmarks: `org.apache.kafka` as Maven gives it, one node in KRaft mode on the
 * loopback, its data in a folder of its own. Needs Java 17 and Maven. `NXMESH_TEST_KAFKA_BROKERS` names brokers to use
 * instead.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { folder } from '../harness/folder.js';
import { freePort } from '../harness/ports.js';
import { type Running, start } from '../harness/process.js';
import { until } from '../harness/until.js';
import { cached } from './cache.js';
import { runToEnd, skip, works } from './tools.js';

const VERSION = '4.1.0';
const INSTALL_MS = 300_000;
const START_MS = 60_000;
const STOP_MS = 20_000;
const TRIES = 3;

/** What the second listener asks for, by SASL/PLAIN. */
export const KAFKA_USER = { username: 'nxmesh', password: 'broker password' };

export interface BrokerControl {
  /** Listens where a name and a password are asked for. */
  readonly saslBrokers: readonly string[];
  /** Ends the broker's process; its data and ports stay its own. */
  down(signal?: NodeJS.Signals): Promise<void>;
  up(): Promise<void>;
  /** What it printed. */
  log(): string;
}

export interface TestKafka {
  readonly brokers: readonly string[];
  /** Undefined for brokers that are not ours to stop. */
  readonly control: BrokerControl | undefined;
  stop(): Promise<void>;
}

/** Undefined, with the reason printed, where it cannot be had; with `CI=true` that is an error. */
export async function startKafka(): Promise<TestKafka | undefined> {
  const given = process.env['NXMESH_TEST_KAFKA_BROKERS'];
  if (given) {
    return { brokers: given.split(','), control: undefined, stop: async () => {} };
  }
  const jars = await kafkaJars();
  if (typeof jars !== 'string') {
    return skip('Kafka', jars.missing);
  }
  for (let tries = 1; ; tries++) {
    try {
      return await startBroker(jars);
    } catch (error) {
      // Somebody else may have taken a port between the choice and the start.
      if (tries >= TRIES || !String(error).includes('Address already in use')) {
        throw error;
      }
    }
  }
}

/** The folder with Kafka's own programs, brought at the first use; or what this machine lacks for it. */
export async function kafkaJars(): Promise<string | { readonly missing: string }> {
  if (!(await works('java', '-version'))) {
    return { missing: 'no Java (17 or newer) on this machine' };
  }
  if (!(await works('mvn', '--version'))) {
    return { missing: 'no Maven on this machine' };
  }
  const installed = await cached(`kafka-${VERSION}`, async (folder) => {
    mkdirSync(folder);
    await install(folder);
    return true;
  });
  return join(installed ?? '', 'lib');
}

async function install(into: string): Promise<void> {
  const dependency = (group: string, artifact: string, version: string): string =>
    `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version></dependency>`;
  const pom = join(into, 'pom.xml');
  writeFileSync(
    pom,
    `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>nxmesh.test</groupId><artifactId>kafka</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    ${dependency('org.apache.kafka', 'kafka_2.13', VERSION)}
    ${dependency('org.apache.kafka', 'kafka-tools', VERSION)}
    ${dependency('org.apache.logging.log4j', 'log4j-slf4j-impl', '2.24.3')}
  </dependencies>
</project>
`,
  );
  const args = ['-q', '-B', '-f', pom, 'dependency:copy-dependencies', '-DincludeScope=runtime'];
  await runToEnd('mvn', [...args, `-DoutputDirectory=${join(into, 'lib')}`], INSTALL_MS);
}

async function startBroker(jars: string): Promise<TestKafka> {
  const home = folder('kafka');
  const [port, sasl, controller] = [await freePort(), await freePort(), await freePort()];
  const properties = join(home.path, 'server.properties');
  const logging = join(home.path, 'log4j2.properties');
  writeFileSync(properties, serverProperties(join(home.path, 'data'), { port, sasl, controller }));
  writeFileSync(logging, LOGGING);
  const frugal = ['-Xms64m', '-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];
  const java = (...main: readonly string[]): string[] =>
    frugal.concat(`-Dlog4j2.configurationFile=${logging}`, '-cp', join(jars, '*'), main);
  const clusterId = Buffer.from('nxmesh-test-node').toString('base64url');
  await runToEnd(
    'java',
    java('kafka.tools.StorageTool', 'format', '-t', clusterId, '-c', properties),
    START_MS,
  );

  let broker: Running | undefined;
  async function up(): Promise<void> {
    const running = start('java', java('kafka.Kafka', properties));
    broker = running;
    let ended = false;
    void running.exited.then(() => {
      ended = true;
    });
    await until('the broker listens', async () => ended || (await listens(port)), START_MS, 100);
    if (ended) {
      throw new Error(`the broker ended:\n${running.output().slice(-3000)}`);
    }
  }
  async function down(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const running = broker;
    broker = undefined;
    const hard = setTimeout(() => void running?.end('SIGKILL'), STOP_MS);
    await running?.end(signal);
    clearTimeout(hard);
  }
  const stop = async (): Promise<void> => {
    await down('SIGKILL');
    home.remove();
  };
  try {
    await up();
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    brokers: [`127.0.0.1:${port}`],
    control: {
      saslBrokers: [`127.0.0.1:${sasl}`],
      down,
      up,
      log: () => broker?.output() ?? '',
    },
    stop,
  };
}

const listens = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = createConnection(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });

function serverProperties(
  data: string,
  { port, sasl, controller }: { port: number; sasl: number; controller: number },
): string {
  const login = 'org.apache.kafka.common.security.plain.PlainLoginModule required';
  const clients = `PLAINTEXT://127.0.0.1:${port},SASL://127.0.0.1:${sasl}`;
  return `process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:${controller}
controller.listener.names=CONTROLLER
listeners=${clients},CONTROLLER://127.0.0.1:${controller}
advertised.listeners=${clients}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,SASL:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
sasl.enabled.mechanisms=PLAIN
listener.name.sasl.plain.sasl.jaas.config=${login} user_${KAFKA_USER.username}="${KAFKA_USER.password}";
log.dirs=${data}
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
auto.create.topics.enable=false
group.initial.rebalance.delay.ms=0
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=500
num.network.threads=1
num.io.threads=2
log.cleaner.dedupe.buffer.size=4194304
`;
}

const LOGGING = `rootLogger.level=WARN
rootLogger.appenderRef.out.ref=OUT
appender.out.type=Console
appender.out.name=OUT
appender.out.layout.type=PatternLayout
appender.out.layout.pattern=%d %p %c{1}: %m%n
`;
