// SPDX-License-Identifier: Apache-2.0
/** Runs the real nginx on rendered bundles, in a folder of its own, unprivileged, ended by its pid. */
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Bundle, type Capabilities, parseNginxVersion, renderFrame } from './index.js';

const NGINX = '/usr/sbin/nginx';

const build = parseNginxVersion(spawnSync(NGINX, ['-V'], { encoding: 'utf8' }).stderr);

/** Whether nginx could listen on `[::]` here. */
export const hasIpv6 = Object.values(networkInterfaces())
  .flat()
  .some((one) => one?.address === '::1');

/** What the nginx of this machine can do. */
export const installed: Capabilities = {
  nginxVersion: build?.version ?? '0.0.0',
  modules: build?.modules ?? [],
  bundlePrefix: '',
  webRoots: {},
};

export interface Folder {
  readonly path: string;
  write(name: string, content: string): string;
  remove(): void;
}

export function folder(): Folder {
  const path = mkdtempSync(join(tmpdir(), 'nxmesh-nginx-'));
  // Workers of an nginx that root started are nobody.
  chmodSync(path, 0o755);
  return {
    path,
    write: (name, content) => {
      const file = join(path, name);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, content);
      return file;
    },
    remove: () => rmSync(path, { recursive: true, force: true }),
  };
}

/** Writes a bundle with its frame; returns the path of nginx.conf. */
export function writeBundle(at: Folder, bundle: Bundle, capabilities = installed): string {
  const files = bundle.files.map((file) => at.write(file.path, file.content));
  const frame = renderFrame({
    mode: 'own',
    capabilities,
    digest: bundle.digest,
    version: 1,
    paths: {
      pid: join(at.path, 'nginx.pid'),
      errorLog: join(at.path, 'error.log'),
      proofSocket: join(at.path, 'proof.sock'),
      tempDir: at.path,
    },
    files,
    worker: { processes: 1 },
  });
  return at.write('nginx.conf', frame);
}

/** `nginx -t` (or `-T`) on a configuration: true only when it passes without a warning. */
export function testConfig(
  at: Folder,
  conf: string,
  option = '-t',
): { ok: boolean; output: string; dump: string } {
  const run = spawnSync(NGINX, [option, '-p', at.path, '-c', conf, '-e', join(at.path, 'test.log')], {
    encoding: 'utf8',
    timeout: 60_000,
    maxBuffer: 1 << 28,
  });
  return {
    ok: run.status === 0 && !/\[(?:warn|error|crit|alert|emerg)\]/.test(run.stderr),
    output: run.stderr,
    dump: run.stdout,
  };
}

export interface Running {
  stop(): Promise<void>;
}

async function until(what: string, condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!condition()) {
    if (performance.now() > deadline) {
      throw new Error(`not within 10 s: ${what}`);
    }
    await sleep(5);
  }
}

/** Starts nginx in the foreground; resolves when its proof server is there. */
export async function startNginx(at: Folder, conf: string): Promise<Running> {
  const child = spawn(
    NGINX,
    ['-p', at.path, '-c', conf, '-e', join(at.path, 'start.log'), '-g', 'daemon off;'],
    {
      stdio: 'ignore',
    },
  );
  let ended = false;
  child.on('exit', () => {
    ended = true;
  });
  await until('nginx started', () => ended || existsSync(join(at.path, 'proof.sock')));
  if (ended) {
    throw new Error(`nginx ended: ${readFileSync(join(at.path, 'start.log'), 'utf8')}`);
  }
  return {
    stop: async () => {
      child.kill('SIGTERM');
      await until('nginx ended', () => ended);
    },
  };
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** One request over a unix socket or a port of 127.0.0.1. The path goes out as it is. */
export function ask(
  to: { socketPath: string } | { port: number; host?: string },
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', ...to, path, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks).toString('utf8'),
        }),
      );
    });
    outgoing.on('error', reject);
    outgoing.setTimeout(10_000, () => outgoing.destroy(new Error('no answer within 10 s')));
    outgoing.end();
  });
}

/** A port of 127.0.0.1 that nobody listens on at the moment. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}
