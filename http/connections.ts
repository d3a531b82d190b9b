// SPDX-License-Identifier: Apache-2.0
/**
 * How many connections a server has at most. Whoever opens them all and asks for nothing would keep everybody else out:
 * where there is no room, the one that has asked for nothing the longest goes, and the new one comes in.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Clock } from '../kernel/index.js';
import type { Log } from './access-log.js';

export interface BoundDeps {
  readonly clock: Clock;
  readonly log?: Pick<Log, 'warn' | 'error'> | undefined;
}

const TELL_AGAIN_MS = 60_000;

export function boundConnections(server: Server, limit: number, { clock, log }: BoundDeps): void {
  const open = new Set<Duplex>();
  /** Those that nothing runs on, in the order in which they came to rest. */
  const idle = new Set<Duplex>();
  const running = new Map<Duplex, number>();
  let told = Number.NEGATIVE_INFINITY;

  const forget = (socket: Duplex): void => {
    open.delete(socket);
    idle.delete(socket);
    running.delete(socket);
  };

  function makeRoom(): void {
    for (const oldest of idle) {
      if (open.size <= limit) {
        return;
      }
      forget(oldest);
      oldest.destroy();
    }
  }

  server.on('connection', (socket: Duplex) => {
    open.add(socket);
    idle.add(socket);
    socket.once('close', () => forget(socket));
    if (open.size > limit) {
      // The new one is the last of those that are idle: it goes when all others are at work.
      makeRoom();
      if (clock.monotonic() - told > TELL_AGAIN_MS) {
        told = clock.monotonic();
        log?.warn(
          { connections: limit },
          'no more connections than these: idle ones are closed for new ones',
        );
      }
    }
  });
  const begin = (request: IncomingMessage, response: ServerResponse): void => {
    const { socket } = request;
    idle.delete(socket);
    running.set(socket, (running.get(socket) ?? 0) + 1);
    response.once('close', () => {
      const left = (running.get(socket) ?? 1) - 1;
      if (left > 0) {
        running.set(socket, left);
      } else if (open.has(socket)) {
        running.delete(socket);
        idle.add(socket);
      }
    });
  };
  server.on('request', begin);
  server.on('checkExpectation', begin);
  server.on('upgrade', (_, socket: Duplex) => idle.delete(socket));
  // Accepting has failed, for want of file descriptors most likely: what is open goes on.
  server.on('error', (error) => log?.error({ error: error.message }, 'a connection could not be accepted'));
}
