// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import type { Capabilities, FrameInput } from '../nginx/index.js';
import type { Layout } from './state/layout.js';
import type { Manifest } from './state/manifest.js';

/** The files of a bundle's folder that nginx opens first, by name. */
type Heads = Readonly<Record<string, string>>;

export type MakeHeads = (digest: string, version: bigint, manifest: Manifest) => Heads;

export interface HeadsDeps {
  readonly layout: Layout;
  readonly mode: 'own' | 'attach';
  readonly capabilities: Capabilities;
  /** Seconds that an old worker may take to end its connections. */
  readonly workerShutdownSeconds: number;
  /** Whether requests are logged for the agent to read. */
  readonly accessLog: boolean;
  readonly renderFrame: (input: FrameInput) => string;
}

/**
 * Own mode: `nginx.conf`, which nginx runs on. Attach mode: `http.conf`, which a foreign configuration includes.
 * Both: `test.conf` for `nginx -t`, the same but for its own pid file, log and socket, so that a test touches nothing
 * that is alive.
 */
export function createHeads(deps: HeadsDeps): MakeHeads {
  const { layout, mode } = deps;
  const live = {
    pid: layout.pidFile,
    errorLog: layout.errorLog,
    proofSocket: layout.proofSocket,
    tempDir: layout.tmp,
    ...(deps.accessLog && { accessLog: layout.accessLog }),
  };
  const test = {
    pid: join(layout.run, 'test.pid'),
    errorLog: join(layout.tmp, 'test.log'),
    proofSocket: join(layout.run, 'test.sock'),
    tempDir: layout.tmp,
    ...(deps.accessLog && { accessLog: join(layout.tmp, 'test-access.log') }),
  };
  return (digest, version, manifest) => {
    const input = {
      capabilities: deps.capabilities,
      digest,
      version,
      files: [...manifest.values()].map((hash) => join(layout.files, hash)),
      worker: { shutdownTimeout: deps.workerShutdownSeconds },
    };
    return {
      [mode === 'own' ? 'nginx.conf' : 'http.conf']: deps.renderFrame({ ...input, mode, paths: live }),
      'test.conf': deps.renderFrame({ ...input, mode: 'own', paths: test }),
    };
  };
}
