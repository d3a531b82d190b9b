// SPDX-License-Identifier: Apache-2.0
import { type IncomingMessage, type Server, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { type Clock, errorMessage, NxError, type Random, type Timers, unavailable } from '../kernel/index.js';
import type { Log } from './access-log.js';
import { errorAnswer } from './errors.js';
import { networkReader } from './forwarded.js';
import { checkMessage, requestIdOf } from './message.js';

export type { WebSocket } from 'ws';

/** What a socket's route sees of the request before it becomes a WebSocket. */
export interface SocketRequest {
  /** What stands behind `?`; secrets may stand there, so it is never logged. */
  readonly query: string;
  /** Undefined where the caller is no browser; it can say what it likes there. */
  readonly origin: string | undefined;
  readonly network: string;
  readonly requestId: string;
}

/** Takes the socket; `connection` is what lies below it. */
export type TakeSocket = (socket: WebSocket, connection: Duplex) => void;

/** A path where WebSockets are opened. */
export interface SocketRoute {
  readonly path: string;
  readonly operationId: string;
  /** Who may is decided before the upgrade: what this throws is answered as HTTP. */
  accept(request: SocketRequest): Promise<TakeSocket>;
}

export interface SocketDeps {
  readonly log: Log;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  /** Addresses and networks of our own proxies, whose `X-Forwarded-For` is believed; none when left out. */
  readonly trustedProxies?: readonly string[];
}

const MAX_MESSAGE_BYTES = 64 * 1024;
/** From the request to the upgrade. */
const ACCEPT_MS = 5_000;
/** From the end of the server to that of every socket that has not ended by itself. */
const STOP_MS = 3_000;

/** Opens WebSockets on these paths of a server; an upgrade of anything else is refused. Returns what stops it. */
export function acceptSockets(server: Server, routes: readonly SocketRoute[], deps: SocketDeps): () => void {
  const { log, clock, random, timers } = deps;
  const networkOf = networkReader(deps.trustedProxies ?? []);
  let closing = false;
  const open = new Set<Duplex>();
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_MESSAGE_BYTES,
    perMessageDeflate: false,
    clientTracking: false,
  });

  async function accept(
    request: IncomingMessage,
    path: string,
    network: string,
    requestId: string,
  ): Promise<TakeSocket> {
    checkMessage(request);
    const route = routes.find((one) => one.path === path);
    if (!route || request.method !== 'GET' || request.headers.upgrade?.toLowerCase() !== 'websocket') {
      // As every path to whoever is not known: what is there is not told.
      throw new NxError('UNAUTHORIZED', 'An upgrade needs the path of a socket and a ticket');
    }
    if (closing) {
      throw unavailable('The server is stopping');
    }
    const query = (request.url ?? '').slice(path.length + 1);
    return route.accept({ query, origin: request.headers.origin, network, requestId });
  }

  server.on('upgrade', (request: IncomingMessage, connection: Duplex, head: Buffer) => {
    const requestId = requestIdOf(request, undefined, { clock, random });
    const path = (request.url ?? '').split('?')[0] ?? '';
    // Now: of a caller that has gone meanwhile there is no address any more.
    const network = networkOf(request);
    const told = (status: number): void =>
      log.info(
        {
          request_id: requestId,
          method: 'GET',
          operation: routes.find((one) => one.path === path)?.operationId,
          status,
          network,
        },
        'upgrade',
      );
    open.add(connection);
    connection.once('close', () => open.delete(connection));
    // A caller that goes away meanwhile; once it is a WebSocket that one has its own.
    connection.on('error', () => connection.destroy());
    const stop = timers.after(ACCEPT_MS, () => connection.destroy());
    accept(request, path, network, requestId)
      .then((take) => {
        told(101);
        sockets.handleUpgrade(request, connection, head, (socket) => take(socket, connection));
      })
      .catch((error: unknown) => {
        if (!(error instanceof NxError)) {
          log.error({ error: errorMessage(error), request_id: requestId }, 'unexpected error');
        }
        told(refuse(connection, error, requestId, timers));
      })
      .finally(stop);
  });
  return () => {
    closing = true;
    // The server does not count them among its own, but waits for them.
    timers.after(STOP_MS, () => {
      for (const connection of open) {
        connection.destroy();
      }
    });
  };
}

/** Answers an upgrade with an error and ends the connection; gives the status. */
function refuse(connection: Duplex, error: unknown, requestId: string, timers: Timers): number {
  const { status, headers, body } = errorAnswer(error, requestId);
  const text = JSON.stringify(body);
  const head = Object.entries({
    Connection: 'close',
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': String(Buffer.byteLength(text)),
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    'X-Request-Id': requestId,
    ...headers,
  }).map(([name, value]) => `${name}: ${value}`);
  connection.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${head.join('\r\n')}\r\n\r\n${text}`);
  timers.after(1000, () => connection.destroy());
  return status;
}
