// SPDX-License-Identifier: Apache-2.0
/** The feed as Server-Sent Events: the same events and positions, for whoever reads HTTP. */
import { type Route, route } from '../../http/index.js';
import { detail, invalid, NxError, notifier, unavailable } from '../../kernel/index.js';
import { closed, Decimal, Type, Uuid, validator } from '../../schemas/index.js';
import type { FeedDeps } from './deps.js';
import { ENDINGS, type Ending } from './endings.js';
import type { Feed } from './feed.js';
import { subscribeOf } from './messages.js';
import type { Sink, Subscriber } from './subscriber.js';

const checkPosition = validator(Decimal);
/** Milliseconds after which a browser comes again. */
const RETRY_MS = 1_000;

const query = closed({
  events: Type.Optional(Type.String({ minLength: 1, maxLength: 4_096 })),
  organization_id: Type.Optional(Uuid),
  workspace_id: Type.Optional(Uuid),
  agent_id: Type.Optional(Uuid),
  after: Type.Optional(Decimal),
});

/** A browser that comes again says in a header what it had last; that is newer than what stands in the address. */
function positionOf(lastEventId: string | undefined, after: string | undefined): { after?: string } {
  if (lastEventId === undefined || lastEventId === '') {
    return after === undefined ? {} : { after };
  }
  if (!checkPosition(lastEventId).ok) {
    throw invalid([detail('Last-Event-ID', 'INVALID_FORMAT', 'Must be a position')]);
  }
  return { after: lastEventId };
}

interface Outbox extends Sink {
  /** What waits, as one text; empty when nothing does. */
  takeAll(): string;
  readonly ended: boolean;
  comment(): void;
  wait(): Promise<void>;
}

function outbox(bufferBytes: number): Outbox {
  let waiting: string[] = [`retry: ${RETRY_MS}\n\n`];
  let size = 0;
  let ended = false;
  const news = notifier();
  const put = (text: string): void => {
    waiting.push(text);
    size += text.length;
    news.notify();
  };
  return {
    ready: () => !ended && size < bufferBytes,
    item: (item) => put(`id: ${item.position}\ndata: ${item.text()}\n\n`),
    // Without a name they would be taken for events; without data only the position counts.
    text: (frame) => {
      const { type, position } = JSON.parse(frame) as { type: string; position?: string };
      const id = position === undefined ? '' : `id: ${position}\n`;
      put(type === 'position' ? `${id}\n` : `${id}event: ${type}\ndata: ${frame}\n\n`);
    },
    close: (why: Ending) => {
      const [code, reason] = ENDINGS[why];
      ended = true;
      put(`event: end\ndata: ${JSON.stringify({ code, reason })}\n\n`);
    },
    takeAll: () => {
      const text = waiting.join('');
      waiting = [];
      size = 0;
      return text;
    },
    get ended() {
      return ended;
    },
    comment: () => put(':\n\n'),
    wait: () => news.wait(),
  };
}

/** What the answer reads; given back it ends, also where nobody has begun to read. */
function source(sink: Outbox, subscriber: Subscriber, done: () => void): AsyncIterable<string> {
  async function* frames(): AsyncGenerator<string, void, undefined> {
    for (;;) {
      // Asked for first, so that nothing comes between the look and the wait.
      const more = sink.wait();
      const text = sink.takeAll();
      if (text !== '') {
        yield text;
        subscriber.pump();
      } else if (sink.ended) {
        done();
        return;
      } else {
        await more;
      }
    }
  }
  return {
    [Symbol.asyncIterator]: () => {
      const all = frames();
      return {
        next: () => all.next(),
        return: () => {
          done();
          return all.return();
        },
      };
    },
  };
}

function refusal(why: Ending): NxError {
  return why === 'too-many'
    ? new NxError('RATE_LIMITED', ENDINGS[why][1])
    : unavailable('The server is stopping');
}

export const streamRoute = ({ timers, feed }: Pick<FeedDeps, 'timers'> & { readonly feed: Feed }): Route =>
  route({
    method: 'GET',
    path: '/v1/events/stream',
    operationId: 'streamEvents',
    summary: 'Follow events as they happen (Server-Sent Events); `Last-Event-ID` or `after` resumes',
    tag: 'Events',
    permission: 'event.subscribe',
    query,
    success: { status: 200, contentType: 'text/event-stream' },
    compress: false,
    handler: async ({ principal, query: asked, header, signal }) => {
      const { after, ...rest } = asked;
      const subscription = subscribeOf({
        ...rest,
        events: asked.events ?? '*',
        ...positionOf(header('last-event-id'), after),
      });
      const sink = outbox(feed.limits.bufferBytes);
      const opened = feed.open(principal, undefined, sink);
      if (typeof opened === 'string') {
        throw refusal(opened);
      }
      const { connection, close } = opened;
      const { subscriber } = connection;
      try {
        if (subscription) {
          await connection.handle(subscription);
        }
      } catch (error) {
        close();
        throw error;
      }
      const stopBeat = timers.every(feed.limits.pingMs, () => {
        if (sink.ready()) {
          sink.comment();
        }
        subscriber.heartbeat();
      });
      const leave = (): void => subscriber.end('stopping');
      signal.addEventListener('abort', leave, { once: true });

      const data = source(sink, subscriber, () => {
        stopBeat();
        signal.removeEventListener('abort', leave);
        leave();
        close();
      });
      return { content: { type: 'text/event-stream', data }, headers: { 'X-Accel-Buffering': 'no' } };
    },
  });
