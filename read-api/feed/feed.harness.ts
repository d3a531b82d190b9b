// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { get, type IncomingHttpHeaders } from 'node:http';
import { type ClientOptions, WebSocket } from 'ws';
import { type EventLog, eventLog, memoryLog, Unavailable } from '../../event-log/index.js';
import { startApp } from '../../http/http.harness.js';
import { acceptSockets, type Principal } from '../../http/index.js';
import { systemRandom, systemTimers } from '../../kernel/index.js';
import { factWriter } from '../../projections/facts.harness.js';
import { memoryReadStore, type ReadStore } from '../../read-store/index.js';
import { until } from '../../test/harness/until.js';
import type { FeedDeps, FeedLimits } from './deps.js';
import { liveEvents, ticketRoutes } from './index.js';

export const CONSOLE = 'https://admin.example.com';

export interface Frame {
  readonly type: string;
  readonly timestamp: string;
  readonly position?: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test looks at a frame of any shape
  readonly data: any;
  readonly custom?: boolean;
  readonly organization_id?: string;
  readonly workspace_id?: string | null;
}

/** A WebSocket that keeps what it got. */
export interface Client {
  readonly socket: WebSocket;
  readonly frames: Frame[];
  /** Events alone. */
  events(): Frame[];
  say(message: unknown): void;
  next(type: string): Promise<Frame>;
  /** Close code and reason. */
  readonly closed: Promise<{ code: number; reason: string }>;
}

export function client(url: string, options: ClientOptions = {}): Client {
  const socket = new WebSocket(url, options);
  const frames: Frame[] = [];
  let read = 0;
  socket.on('error', () => {});
  socket.on('message', (data: Buffer) => void frames.push(JSON.parse(data.toString()) as Frame));
  const closed = once(socket, 'close').then(([code, reason]) => ({
    code: code as number,
    reason: (reason as Buffer).toString(),
  }));
  return {
    socket,
    frames,
    closed,
    events: () => frames.filter(({ type }) => type.includes('.')),
    say: (message) => socket.send(typeof message === 'string' ? message : JSON.stringify(message)),
    next: (type) =>
      until(`a frame of type ${type}`, () => {
        const at = frames.findIndex((frame, index) => index >= read && frame.type === type);
        read = at < 0 ? read : at + 1;
        return frames[at];
      }),
  };
}

/** What an upgrade is answered with when it is refused as HTTP. */
export function upgrade(
  url: string,
  headers: Record<string, string> = {},
): Promise<{ status: number; headers: IncomingHttpHeaders; text: string }> {
  return new Promise((resolve, reject) => {
    const request = get(url.replace('ws:', 'http:'), {
      headers: {
        Connection: 'Upgrade',
        Upgrade: 'websocket',
        'Sec-WebSocket-Version': '13',
        'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
        ...headers,
      },
      agent: false,
    });
    request.on('upgrade', (_response, socket) => {
      socket.destroy();
      resolve({ status: 101, headers: {}, text: '' });
    });
    request.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text: Buffer.concat(chunks).toString(),
        }),
      );
    });
    request.on('error', reject);
  });
}

export interface Shared {
  readonly log?: EventLog;
  readonly store?: ReadStore;
  readonly feedLog?: Partial<FeedDeps['log']>;
  readonly limits?: Partial<FeedLimits>;
  /** Workspace → organization. */
  readonly workspaces?: ReadonlyMap<string, string>;
}

/** A process with the feed: a real server, a log and a store in memory that another one may share. */
export async function feedProcess(shared: Shared = {}) {
  const log = shared.log ?? eventLog(memoryLog());
  const store =
    shared.store ?? memoryReadStore({ clock: { now: () => Date.now(), monotonic: () => performance.now() } });
  const principals = new Map<string, Principal | undefined>();
  const clock = { ahead: 0, now: () => Date.now() + clock.ahead, monotonic: () => performance.now() };
  const logged: string[] = [];
  const note = (fields: unknown, message?: string): void =>
    void logged.push(JSON.stringify([fields, message]));
  const logger = { info: note, warn: note, error: note } as unknown as FeedDeps['logger'];
  const deps: FeedDeps = {
    log: {
      head: () => log.head(),
      subscribe: (options) => log.subscribe(options),
      isPassing: (error) => error instanceof Unavailable,
      ...shared.feedLog,
    },
    clock,
    timers: systemTimers,
    random: systemRandom,
    logger,
    store,
    reload: async (principal) =>
      principals.has(principal.id) ? principals.get(principal.id) : app.users.get(principal.id)?.principal,
    organizationOf: async (id) => shared.workspaces?.get(id),
    allowedOrigins: [CONSOLE],
    limits: { recheckMs: 50, ...shared.limits },
  };
  const live = await liveEvents(deps);
  const app = await startApp([...live.routes, ...(await ticketRoutes(deps))]);
  const refuse = acceptSockets(app.server.server, live.sockets, {
    log: logger,
    clock,
    timers: systemTimers,
    random: systemRandom,
  });
  const base = app.server.url.replace('http:', 'ws:');
  const path = '/v1/events';

  async function ticket(
    token: string,
    body: object = {},
    headers: Record<string, string> = {},
  ): Promise<string> {
    const answer = await app.call('POST', `${path}/tickets`, { token, json: body, headers });
    if (answer.status !== 201) {
      throw new Error(`ticket: ${answer.status} ${answer.text}`);
    }
    return answer.json.ticket as string;
  }

  const clients: Client[] = [];
  return {
    app,
    log,
    store,
    live,
    clock,
    logged,
    /** Overrides who somebody is; undefined: nobody any more. */
    principals,
    write: factWriter(log),
    url: (query: string) => `${base}${path}${query}`,
    base,
    ticket,
    /** A socket with a ticket of its own. */
    connect: async (token: string, query = '', body: object = {}): Promise<Client> => {
      const one = client(`${base}${path}?token=${await ticket(token, body)}${query}`);
      clients.push(one);
      await once(one.socket, 'open');
      return one;
    },
    close: async () => {
      refuse();
      live.drain();
      for (const one of clients) {
        one.socket.terminate();
      }
      await live.stop();
      await app.close();
    },
  };
}

export type FeedProcess = Awaited<ReturnType<typeof feedProcess>>;
