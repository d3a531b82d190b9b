// SPDX-License-Identifier: Apache-2.0
import { statSync } from 'node:fs';
import { createServer } from 'node:net';
import { StateFolderError } from './layout.js';

/**
 * One agent a state folder. The lock is a socket in Linux's abstract namespace, named after the folder's inode: the
 * kernel gives it to one process and takes it back however that process ends, so nothing stale can stay behind.
 * Returns what releases it. Two containers with separate networks that share a folder do not see each other.
 */
export function lockStateFolder(root: string): Promise<() => void> {
  const { dev, ino } = statSync(root);
  const server = createServer((socket) => socket.destroy());
  return new Promise((done, fail) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      fail(
        error.code === 'EADDRINUSE'
          ? new StateFolderError(`another agent is running on the state folder ${root}`)
          : error,
      );
    });
    server.listen({ path: `\0nxmesh-agent-${dev}-${ino}` }, () => {
      server.unref();
      done(() => server.close());
    });
  });
}
