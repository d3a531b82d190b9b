// SPDX-License-Identifier: Apache-2.0
import type { Duplex } from 'node:stream';
import { HttpError, type SocketRequest, type SocketRoute, type WebSocket } from '../../http/index.js';
import { detail, errorMessage, invalid, NxError } from '../../kernel/index.js';
import type { Connection } from './connection.js';
import type { FeedDeps } from './deps.js';
import { ENDINGS, type Ending } from './endings.js';
import type { Feed } from './feed.js';
import { errorFrame } from './frames.js';
import { type FeedQuery, readMessage, type Subscribe, subscribeOf } from './messages.js';
import type { Sink } from './subscriber.js';
import type { TicketHolder, Tickets } from './tickets.js';

const PATH = '/v1/events';
const PARAMETERS = ['token', 'events', 'organization_id', 'workspace_id', 'agent_id', 'after'] as const;
/** The other side has this long to take the end of a socket. */
const FAREWELL_MS = 2_000;
/** One that was too slow has all that waits for it to take before. */
const SLOW_FAREWELL_MS = 10_000;
/** Pings that may stay unanswered: behind a full buffer an answer takes its time. */
const MISSED = 2;
const MAX_MESSAGES = 100;
const MESSAGES_MS = 10_000;

interface SocketDeps extends Pick<FeedDeps, 'clock' | 'timers' | 'logger' | 'reload' | 'allowedOrigins'> {
  readonly feed: Feed;
  readonly tickets: Tickets;
}

type Asked = FeedQuery & { readonly token?: string };

function readQuery(text: string): Asked {
  const asked: Record<string, string> = {};
  for (const [name, value] of new URLSearchParams(text)) {
    if (!PARAMETERS.some((known) => known === name)) {
      throw invalid([detail(name.slice(0, 200), 'UNKNOWN_FIELD', 'Unknown field')]);
    }
    if (Object.hasOwn(asked, name)) {
      throw invalid([detail(name, 'DUPLICATE', 'Must be given once')]);
    }
    asked[name] = value;
  }
  return asked;
}

const forbidden = (): NxError => new NxError('FORBIDDEN', 'This origin may not open the socket');

/** The WebSocket of the specification, `/v1/events?token=`, where `token` is a ticket. */
export function eventSocket(deps: SocketDeps): SocketRoute {
  const { allowedOrigins, tickets } = deps;

  async function accept({ query, origin, requestId }: SocketRequest) {
    if (origin !== undefined && !allowedOrigins.includes(origin)) {
      throw forbidden();
    }
    const { token, ...rest } = readQuery(query);
    if (token === undefined) {
      throw new HttpError('UNAUTHORIZED', 'A ticket is needed', {});
    }
    const subscription = subscribeOf(rest);
    const holder = await tickets.redeem(token);
    // A browser says where its page comes from, and its ticket knows: who says another place, or none, is not the page.
    if (holder && holder.origin !== (origin ?? null)) {
      throw forbidden();
    }
    const principal = holder && (await deps.reload(holder.principal));
    return (socket: WebSocket, connection: Duplex): void => {
      if (!holder || !principal) {
        refuse(deps, socket, 'no-ticket');
        return;
      }
      const { expiresAt } = holder.principal;
      const who = { ...principal, ...(expiresAt === undefined ? {} : { expiresAt }) };
      serve(deps, { ...holder, principal: who }, socket, connection, requestId, subscription, rest.after);
    };
  }

  return { path: PATH, operationId: 'eventSocket', accept };
}

function refuse({ timers }: SocketDeps, socket: WebSocket, why: Ending): void {
  const [code, reason] = ENDINGS[why];
  // A socket without a listener for errors would end the process.
  socket.on('error', () => {});
  socket.close(code, reason);
  timers.after(why === 'slow' ? SLOW_FAREWELL_MS : FAREWELL_MS, () => socket.terminate());
}

function serve(
  deps: SocketDeps,
  holder: TicketHolder,
  socket: WebSocket,
  below: Duplex,
  requestId: string,
  subscription: Subscribe | undefined,
  resumeAfter: string | undefined,
): void {
  const { feed, timers, logger } = deps;
  const sink: Sink = {
    ready: () => socket.readyState === socket.OPEN && socket.bufferedAmount < feed.limits.bufferBytes,
    item: (item) => socket.send(item.bytes(), { binary: false }),
    text: (frame) => socket.send(frame),
    close: (why) => refuse(deps, socket, why),
  };
  const opened = feed.open(holder.principal, holder.workspaceId ?? undefined, sink);
  if (typeof opened === 'string') {
    refuse(deps, socket, opened);
    return;
  }
  const { connection, close } = opened;
  const { subscriber } = connection;
  let missed = 0;
  const stopPing = timers.every(feed.limits.pingMs, () => {
    missed += 1;
    if (missed > MISSED) {
      subscriber.end('silent');
      socket.terminate();
      return;
    }
    socket.ping();
    subscriber.heartbeat();
  });
  const messages = inbox(deps, connection, sink, resumeAfter);
  socket.on('pong', () => {
    missed = 0;
  });
  socket.on('message', (data: Buffer, isBinary: boolean) => {
    missed = 0;
    if (isBinary) {
      subscriber.end('binary');
    } else if (!subscriber.ended) {
      messages.take(() => readMessage(data.toString()));
    }
  });
  // Too long a message, a broken frame: the library closes with the code for it.
  socket.on('error', (error) =>
    logger.info({ request_id: requestId, error: errorMessage(error) }, 'a socket broke'),
  );
  below.on('drain', subscriber.pump);
  socket.on('close', () => {
    stopPing();
    below.removeListener('drain', subscriber.pump);
    subscriber.end('stopping');
    close();
  });
  if (subscription) {
    messages.take(() => subscription);
  }
}

/** Follows a client's messages one after the other; answers what cannot be followed with an error. */
function inbox(
  { clock, logger }: SocketDeps,
  connection: Connection,
  sink: Sink,
  resumeAfter: string | undefined,
): { take(read: () => ReturnType<typeof readMessage>): void } {
  let last: Promise<void> = Promise.resolve();
  let since = clock.monotonic();
  let count = 0;
  /** From the address, for the first subscription that does not say. */
  let after = resumeAfter;

  async function follow(read: () => ReturnType<typeof readMessage>): Promise<void> {
    try {
      const message = read();
      if (message.action !== 'subscribe') {
        await connection.handle(message);
        return;
      }
      await connection.handle(after === undefined ? message : { after, ...message });
      after = undefined;
    } catch (error) {
      if (error instanceof NxError) {
        sink.text(errorFrame(clock, error));
        return;
      }
      logger.error({ error: errorMessage(error) }, 'a message was not handled');
      connection.subscriber.end('unavailable');
    }
  }

  return {
    take: (read) => {
      const now = clock.monotonic();
      if (now - since > MESSAGES_MS) {
        since = now;
        count = 0;
      }
      count += 1;
      if (count > MAX_MESSAGES) {
        connection.subscriber.end('too-fast');
        return;
      }
      last = last.then(() => (connection.subscriber.ended ? undefined : follow(read)));
    },
  };
}
