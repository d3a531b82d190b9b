// SPDX-License-Identifier: Apache-2.0
import { chmodSync, existsSync, mkdirSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Where everything of one agent stands. All are absolute. */
export interface Layout {
  readonly root: string;
  /** Key (0600), certificate and the authority of the gateway. */
  readonly identity: string;
  /** Bundle files by the SHA-256 of their content; never altered. */
  readonly files: string;
  /** One folder a bundle, by digest; never written again once committed. */
  readonly bundles: string;
  /** `<fingerprint>.pem` and `<fingerprint>.key`. */
  readonly certificates: string;
  /** Symbolic link to the bundle that nginx is to read. */
  readonly current: string;
  /** Symbolic link to the bundle that was last proven. */
  readonly lastGood: string;
  readonly journal: string;
  readonly run: string;
  readonly pidFile: string;
  readonly proofSocket: string;
  /** In its place while nginx is made to open it anew. */
  readonly spareSocket: string;
  readonly logs: string;
  readonly errorLog: string;
  /** A line for each request that nginx answered; `<accessLog>.1` while what was set aside is still being read. */
  readonly accessLog: string;
  /** How far the access log has been read, and what was counted by then. */
  readonly telemetry: string;
  /** nginx's temporary files and the agent's own. */
  readonly tmp: string;
}

/** Longest path of a unix socket on Linux: 108 bytes with the closing zero. */
const SOCKET_PATH_BYTES = 107;

/** The state folder cannot be used; the message says why and what to do. */
export class StateFolderError extends Error {}

/**
 * Makes the state folder where it is missing. Paths in nginx's configuration are made from its name, so only names
 * without any meaning to nginx (no space, quote, `$`, `*`) are taken.
 *
 * Under root, nginx's workers run as another user and must reach `tmp/`: then the folders on that way are 0711
 * instead of 0700; what is secret stays 0700.
 */
export function openLayout(stateDir: string, uid = process.getuid?.() ?? 0): Layout {
  if (!stateDir.startsWith('/') || !/^[A-Za-z0-9._/-]+$/.test(stateDir)) {
    throw new StateFolderError(
      `state folder must be an absolute path of letters, digits, ".", "_", "-": ${stateDir}`,
    );
  }
  const made = attempt(stateDir, () => {
    makeFolder(stateDir, passableFor(uid));
    return realpathSync(stateDir);
  });
  const layout = layoutOf(made);
  if (Buffer.byteLength(layout.proofSocket) > SOCKET_PATH_BYTES) {
    throw new StateFolderError(
      `state folder is too deep: ${layout.proofSocket} is longer than ${SOCKET_PATH_BYTES} bytes, the most that a unix socket can have`,
    );
  }
  attempt(stateDir, () => {
    makeFolders(layout, uid);
    for (const [folder, mode] of foldersOf(layout, uid)) {
      chmodSync(folder, mode);
    }
  });
  return layout;
}

/** Those that are missing, also where somebody has removed them since the start. */
export function makeFolders(layout: Layout, uid = process.getuid?.() ?? 0): void {
  for (const [folder, mode] of foldersOf(layout, uid)) {
    makeFolder(folder, mode);
  }
}

const passableFor = (uid: number): number => (uid === 0 ? 0o711 : 0o700);

const foldersOf = (layout: Layout, uid: number): readonly (readonly [string, number])[] => [
  [layout.root, passableFor(uid)],
  [layout.identity, 0o700],
  [layout.files, 0o700],
  [layout.bundles, 0o700],
  [layout.certificates, 0o700],
  [layout.run, 0o700],
  [layout.logs, passableFor(uid)],
  [layout.tmp, passableFor(uid)],
];

function layoutOf(root: string): Layout {
  return {
    root,
    identity: join(root, 'identity'),
    files: join(root, 'files'),
    bundles: join(root, 'bundles'),
    certificates: join(root, 'certificates'),
    current: join(root, 'current'),
    lastGood: join(root, 'last-good'),
    journal: join(root, 'journal'),
    run: join(root, 'run'),
    pidFile: join(root, 'run', 'nginx.pid'),
    proofSocket: join(root, 'run', 'proof.sock'),
    spareSocket: join(root, 'run', 'spare.sock'),
    logs: join(root, 'logs'),
    errorLog: join(root, 'logs', 'error.log'),
    accessLog: join(root, 'logs', 'access.log'),
    telemetry: join(root, 'telemetry.json'),
    tmp: join(root, 'tmp'),
  };
}

/** Node's own recursive form never ends where a file system refuses every new folder with ENOENT, as `/proc` does. */
function makeFolder(path: string, mode: number): void {
  if (!existsSync(path)) {
    makeFolder(dirname(path), mode);
    mkdirSync(path, { mode });
  }
}

function attempt<T>(stateDir: string, task: () => T): T {
  try {
    return task();
  } catch (error) {
    throw new StateFolderError(`state folder ${stateDir} cannot be used: ${String(error)}`, { cause: error });
  }
}
