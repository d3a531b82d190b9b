// SPDX-License-Identifier: Apache-2.0
import { createServer, type Socket } from 'node:net';
import {
  type handleBidiStreamingCall,
  type handleUnaryCall,
  Server,
  type ServerCredentials,
} from '@grpc/grpc-js';
import type { Timers } from '../kernel/index.js';
import type { GatewaySettings } from './deps.js';
import { rawService } from './wire.js';

/** The methods over undecoded messages. */
export interface Handlers {
  readonly stream: handleBidiStreamingCall<Buffer, Buffer>;
  readonly reportHealth: handleUnaryCall<Buffer, Buffer>;
  readonly reportMetrics: handleUnaryCall<Buffer, Buffer>;
}

export interface RpcServer {
  /** The port. Throws when the address cannot be bound. */
  listen(): Promise<number>;
  /** Closes the connection behind `getPeer()` of a call, whatever it still has to send. */
  cut(peer: string): void;
  /** Refuses new connections, lets calls end for `graceMs`, then closes what is left. */
  close(graceMs: number): Promise<void>;
}

const KEEPALIVE_MS = 20_000;
const KEEPALIVE_TIMEOUT_MS = 5_000;
const IDLE_MS = 60_000;
const STREAMS_PER_CONNECTION = 16;

/**
 * gRPC over sockets that we accept ourselves: a reader that stalls at the level of HTTP/2 can then be cut off, which
 * the library alone cannot do. No reflection, no health service: there is nothing to call without a certificate.
 */
export function rpcServer(
  credentials: ServerCredentials,
  handlers: Handlers,
  settings: Pick<GatewaySettings, 'host' | 'port' | 'maxMessageBytes' | 'maxConnections'>,
  timers: Timers,
): RpcServer {
  const server = new Server({
    'grpc.max_receive_message_length': settings.maxMessageBytes,
    'grpc.max_concurrent_streams': STREAMS_PER_CONNECTION,
    'grpc.keepalive_time_ms': KEEPALIVE_MS,
    'grpc.keepalive_timeout_ms': KEEPALIVE_TIMEOUT_MS,
    'grpc.max_connection_idle_ms': IDLE_MS,
    'grpc.enable_channelz': 0,
  });
  server.addService(rawService, { ...handlers });
  const injector = server.createConnectionInjector(credentials);
  const sockets = new Map<string, Socket>();
  const listener = createServer((socket) => {
    const peer = `${socket.remoteAddress}:${socket.remotePort}`;
    sockets.set(peer, socket);
    // What goes wrong on a socket ends its calls, which is where it is handled.
    socket.on('error', () => {});
    socket.once('close', () => sockets.delete(peer));
    socket.setNoDelay(true);
    injector.injectConnection(socket);
  });
  listener.maxConnections = settings.maxConnections;

  return {
    listen: () =>
      new Promise((resolve, reject) => {
        listener.once('error', reject);
        listener.listen(settings.port, settings.host, () => {
          listener.removeListener('error', reject);
          const address = listener.address();
          resolve(typeof address === 'object' && address ? address.port : settings.port);
        });
      }),
    cut: (peer) => {
      sockets.get(peer)?.destroy();
    },
    close: async (graceMs) => {
      const closed = new Promise<void>((resolve) => listener.close(() => resolve()));
      injector.drain(graceMs);
      const cancel = timers.after(graceMs, () => {
        for (const socket of sockets.values()) {
          socket.destroy();
        }
      });
      await closed;
      cancel();
      server.forceShutdown();
    },
  };
}
