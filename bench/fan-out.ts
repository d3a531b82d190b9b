// SPDX-License-Identifier: Apache-2.0
/**
 * One event to many subscribers: from the append to the log until the last of them has it, through the feed (matching,
 * rights, one serialisation), beside a bare loop over `ws` that sends the same bytes. The readers are in a process of
 * their own, the same for both.
 *
 *   node dist/bench/fan-out.js [subscribers = 1000] [events = 60]
 */
import { fork } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';
import { ORGANIZATION, upstream, WORKSPACE } from '../projections/facts.harness.js';
import { feedProcess } from '../read-api/feed/feed.harness.js';
import { median, ratio } from './figures.js';

const SUBSCRIBERS = Number(process.argv[2] ?? 1_000);
const EVENTS = Number(process.argv[3] ?? 60);
const WARM_UP = 10;
/** What the feed sends for one of these events. */
const isEvent = (text: string): boolean => text.startsWith('{"type":"upstream.');

/** The readers: tell when all are open, and each time that all have an event. */
async function readers(urls: readonly string[]): Promise<void> {
  const told = (what: string, bytes = 0): void => void process.send?.({ what, bytes });
  let count = 0;
  await Promise.all(
    urls.map(
      (url) =>
        new Promise<void>((resolve, reject) => {
          const socket = new WebSocket(url, { perMessageDeflate: false });
          socket.on('error', reject);
          socket.on('message', (data: Buffer) => {
            const text = data.toString();
            if (text.startsWith('{"type":"caught-up"')) {
              resolve();
            } else if (isEvent(text)) {
              count += 1;
              if (count === urls.length) {
                count = 0;
                told('all', data.length);
              }
            }
          });
        }),
    ),
  );
  told('open');
}

type Told = { what: string; bytes: number };

/** Starts the readers of these addresses; `next` resolves when all of them have the next event. */
async function startReaders(urls: readonly string[]) {
  const child = fork(import.meta.filename, ['readers'], { stdio: 'inherit' });
  const next = (): Promise<Told> =>
    new Promise((resolve) => child.once('message', (told) => resolve(told as Told)));
  child.send(urls);
  await next();
  return { next, stop: () => void child.kill() };
}

async function bareServer() {
  const http = createServer();
  const sockets = new WebSocketServer({ server: http, perMessageDeflate: false });
  sockets.on('connection', (socket) => socket.send('{"type":"caught-up"}'));
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const { port } = http.address() as AddressInfo;
  return {
    url: `ws://127.0.0.1:${port}`,
    send: (bytes: Buffer): void => {
      for (const socket of sockets.clients) {
        socket.send(bytes, { binary: false });
      }
    },
    close: () => {
      for (const socket of sockets.clients) {
        socket.terminate();
      }
      http.close();
    },
  };
}

async function compare(): Promise<void> {
  const feed = await feedProcess({ limits: { perPrincipal: SUBSCRIBERS, perProcess: SUBSCRIBERS } });
  const { token } = await feed.app.user({ [ORGANIZATION]: 'viewer' });
  const tickets: string[] = [];
  for (let n = 0; n < SUBSCRIBERS; n++) {
    tickets.push(feed.url(`?token=${await feed.ticket(token)}&events=upstream.*,config.*`));
  }
  const bare = await bareServer();
  const ours = await startReaders(tickets);
  const theirs = await startReaders(tickets.map(() => bare.url));

  const times = { bare: [] as number[], ours: [] as number[] };
  let bytes = 0;
  for (let n = 0; n < EVENTS + WARM_UP; n++) {
    let started = performance.now();
    const all = ours.next();
    await feed.write(WORKSPACE, { type: 'upstream.created', data: { upstream: upstream(`u${n}`) } });
    ({ bytes } = await all);
    const feedMs = performance.now() - started;

    const same = Buffer.from(`{"type":"upstream.${'x'.repeat(bytes - 20)}"}`);
    started = performance.now();
    const got = theirs.next();
    bare.send(same);
    await got;
    if (n >= WARM_UP) {
      times.ours.push(feedMs);
      times.bare.push(performance.now() - started);
    }
  }
  console.log(`one event of ${bytes} bytes to ${SUBSCRIBERS} subscribers, median of ${EVENTS}`);
  console.log(`bare ws   ${median(times.bare).toFixed(1)} ms`);
  console.log(
    `the feed  ${median(times.ours).toFixed(1)} ms  ${ratio(median(times.ours), median(times.bare))} × bare (to be ≤ 2.00)`,
  );
  ours.stop();
  theirs.stop();
  bare.close();
  await feed.close();
}

if (process.argv[2] === 'readers') {
  process.once('message', (urls) => void readers(urls as string[]));
} else {
  await compare();
}
