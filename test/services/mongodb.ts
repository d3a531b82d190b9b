// SPDX-License-Identifier: Apache-2.0
/**
 * A server for tests that speaks MongoDB's wire protocol: the one that `NXMESH_TEST_MONGODB_URL` names, else FerretDB 1.x
 * on SQLite, built by Go from the sources beside this file's.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { folder } from '../harness/folder.js';
import { freePort } from '../harness/ports.js';
import { until } from '../harness/until.js';
import { cached, fingerprint, run } from './cache.js';

/** What a stand-in cannot do, and some test needs. */
export type Lack = 'transactions' | 'plans' | 'restart';

export interface Mongo {
  readonly url: string;
  /** What to call the server in a report. */
  readonly name: string;
  readonly lacks: readonly Lack[];
  /** Ends the server as a power cut does; its data stay. */
  down(): Promise<void>;
  /** Starts it again at the same address. */
  up(): Promise<void>;
  /** Ends it for good and removes its data. */
  stop(): Promise<void>;
}

const SOURCES = join(import.meta.dirname, '..', '..', '..', 'test', 'services', 'ferretdb');
const BUILD_MS = 840_000;
const START_MS = 30_000;

const children = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of children) {
    child.kill('SIGKILL');
  }
});

/** The path of the server; undefined, with the reason printed, where it cannot be made. */
async function install(): Promise<string | undefined> {
  const files = ['go.mod', 'go.sum', 'main.go'].map((file) => join(SOURCES, file));
  const path = await cached(`ferretdb-${fingerprint(files)}`, async (target) => {
    const env = { CGO_ENABLED: '0', GOTOOLCHAIN: 'local', GOFLAGS: '-buildvcs=false -mod=readonly' };
    const args = ['build', '-p', '2', '-trimpath', '-o', target, '.'];
    const { code, output } = await run('go', args, { cwd: SOURCES, env, deadlineMs: BUILD_MS });
    if (code !== 0) {
      console.log(`no MongoDB server for tests: Go could not build FerretDB\n${output}`);
    }
    return code === 0;
  });
  return path;
}

async function launch(path: string, data: string, port: number): Promise<ChildProcess> {
  // It ends with its standard input, so that it outlives us in no case.
  const child = spawn(path, [data, String(port)], { stdio: ['pipe', 'pipe', 'pipe'] });
  children.add(child);
  child.on('exit', () => children.delete(child));
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-4_000);
    });
  }
  child.on('error', (error) => {
    output += error.message;
  });
  await until(`FerretDB to listen: ${output}`, () => output.includes('listening'), START_MS);
  return child;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  }
}

/** Undefined where there is none, with the reason printed; an error then when `CI` is set. */
export async function startMongo(): Promise<Mongo | undefined> {
  const real = process.env['NXMESH_TEST_MONGODB_URL'];
  if (real) {
    console.log('MongoDB tests: the server of NXMESH_TEST_MONGODB_URL');
    const nothing = async (): Promise<void> => {};
    return { url: real, name: 'real server', lacks: ['restart'], down: nothing, up: nothing, stop: nothing };
  }
  const path = await install();
  if (path === undefined) {
    if (process.env['CI']) {
      throw new Error('no MongoDB server for tests, and CI must not skip');
    }
    return undefined;
  }
  const home = folder('mongodb');
  const data = join(home.path, randomUUID());
  mkdirSync(data);
  const port = await freePort();
  let child = await launch(path, data, port);
  const name = 'FerretDB 1.24 on SQLite';
  console.log(`MongoDB tests: ${name}`);
  return {
    url: `mongodb://127.0.0.1:${port}/`,
    name,
    lacks: ['transactions', 'plans'],
    down: () => end(child),
    up: async () => {
      child = await launch(path, data, port);
    },
    stop: async () => {
      await end(child);
      home.remove();
    },
  };
}
