// SPDX-License-Identifier: Apache-2.0
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import {
  type Clock,
  deferred,
  ERRORS,
  type ErrorCode,
  NxError,
  type Random,
  type Timers,
  uuidv7,
} from '../kernel/index.js';
import { type BoundDeps, boundConnections } from './connections.js';
import { dialectOf, platformError } from './dialect.js';
import { draining } from './drain.js';
import { errorAnswer } from './errors.js';

export interface HttpServerDeps {
  readonly listener: RequestListener;
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  /** For all header fields to arrive; 10 s when left out. */
  readonly headersTimeoutMs?: number;
  /** For the whole request to arrive; 30 s when left out. */
  readonly requestTimeoutMs?: number;
  /** For a connection on which nothing moves, either way; 120 s when left out. */
  readonly stalledTimeoutMs?: number;
  /** 10,000 when left out; for one more an idle one is closed. */
  readonly maxConnections?: number;
  readonly log?: BoundDeps['log'];
}

export interface HttpServer {
  readonly host: string;
  readonly port: number;
  readonly url: string;
  /** For upgrades. */
  readonly server: Server;
  /** Takes no new connections, lets requests end that have come, and cuts off what remains after `graceMs`. */
  close(graceMs: number): Promise<void>;
}

const MAX_HEADER_BYTES = 16 * 1024;
const KEEP_ALIVE_MS = 60_000;
/** More than the longest answer keeps silent: what follows the log says every 20 s that it is there. */
const STALLED_MS = 120_000;
const CHECK_MS = 1000;

/** Listens; rejects when it cannot (EADDRINUSE, EACCES). */
export async function httpServer(deps: HttpServerDeps): Promise<HttpServer> {
  const { headersTimeoutMs = 10_000, requestTimeoutMs = 30_000 } = deps;
  const drain = draining(deps.listener, deps);
  const server = createServer(
    {
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: headersTimeoutMs,
      requestTimeout: requestTimeoutMs,
      connectionsCheckingInterval: Math.min(CHECK_MS, headersTimeoutMs, requestTimeoutMs),
      keepAliveTimeout: KEEP_ALIVE_MS,
      insecureHTTPParser: false,
      // `checkMessage` refuses it, in the shape of our answers; so it does a strange `Expect`.
      requireHostHeader: false,
    },
    drain.listener,
  );
  // Whoever takes nothing of an answer would have it wait, and what it reads from, for ever.
  server.timeout = deps.stalledTimeoutMs ?? STALLED_MS;
  server.on('checkExpectation', drain.listener);
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => refuseSocket(error, socket, deps));
  const listening = deferred();
  const failed = (error: unknown): void => listening.reject(error);
  server.once('error', failed);
  server.listen(deps.port, deps.host, () => listening.resolve());
  await listening.promise;
  server.removeListener('error', failed);
  boundConnections(server, deps.maxConnections ?? 10_000, deps);
  const { address, port, family } = server.address() as AddressInfo;
  return {
    host: address,
    port,
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`,
    server,
    close: (graceMs) => drain.end(server, graceMs),
  };
}

const codeOf = (error: NodeJS.ErrnoException): ErrorCode => {
  switch (error.code) {
    case 'HPE_HEADER_OVERFLOW':
      return 'HEADERS_TOO_LARGE';
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return 'REQUEST_TIMEOUT';
    default:
      return 'BAD_REQUEST';
  }
};

const PHRASES: Partial<Record<ErrorCode, string>> = {
  HEADERS_TOO_LARGE: 'Request Header Fields Too Large',
  REQUEST_TIMEOUT: 'Request Timeout',
};

interface ParserError extends NodeJS.ErrnoException {
  readonly rawPacket?: Buffer;
}

/** What the parser of HTTP refuses never becomes a request: answered here in the same shape, and closed. */
function refuseSocket(error: ParserError, socket: Duplex, deps: HttpServerDeps): void {
  const running = (socket as Socket & { _httpMessage?: ServerResponse })._httpMessage;
  if (error.code === 'ECONNRESET' || !socket.writable || running?.headersSent) {
    socket.destroy();
    return;
  }
  const code = codeOf(error);
  const requestId = `req-${uuidv7(deps.clock, deps.random)}`;
  const { body: plain } = errorAnswer(new NxError(code, ERRORS[code].meaning), requestId);
  // What has arrived may begin with a request line all the same.
  const line = error.rawPacket?.toString('latin1', 0, 64) ?? '';
  const platform = dialectOf(/^[A-Z]+ ([^ ?]*)/.exec(line)?.[1] ?? '') === 'platform';
  const facts = { requestId, now: deps.clock.now() };
  const body = JSON.stringify(platform ? platformError(plain, undefined, facts) : plain);
  const head = [
    `HTTP/1.1 ${ERRORS[code].status} ${PHRASES[code] ?? 'Bad Request'}`,
    'Connection: close',
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'X-Content-Type-Options: nosniff',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
  // The other side may go on sending and never close; the answer has been handed over by then.
  deps.timers.after(1000, () => socket.destroy());
}
