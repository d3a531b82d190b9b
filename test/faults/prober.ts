// SPDX-License-Identifier: Apache-2.0
/**
 * A process of its own beside an experiment: the server behind the site, who asks the site every 10 ms, and who asks nginx
 * for its digest. In the experiment's own process they would stand still whenever that reads a log back, and a request
 * whose answer nobody came to read would count as one that nginx has lost.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAsk } from '../../agent/nginx-control/ask.js';
import { ask } from '../../demo/traffic.js';
import { systemTimers } from '../../kernel/index.js';
import { BODY, type FromProber, type Seen, type ToProber, type Watch } from './prober-messages.js';

const PROBE_MS = 10;
const WATCH_MS = 50;
/** Long, because on a machine that is busy an answer may be late; late is not lost, and how late is reported. */
const GIVE_UP_MS = 20_000;

const tell = (message: FromProber): void => void process.send?.(message);

function watch({ port, host, proofSocket }: Watch): () => Promise<Seen> {
  const failed: string[] = [];
  const digests: Record<string, string> = {};
  const asked = new Set<Promise<void>>();
  let sent = 0;
  let longestMs = 0;
  let stalledMs = 0;
  let turn = performance.now();
  const probe = async (): Promise<void> => {
    const at = new Date().toISOString();
    const started = performance.now();
    const body = await ask(port, host, GIVE_UP_MS);
    const ms = Math.round(performance.now() - started);
    longestMs = Math.max(longestMs, ms);
    if (body !== BODY) {
      failed.push(`${at} for ${ms} ms: ${body}`);
    }
  };
  const proof = createAsk({ timers: systemTimers, socket: proofSocket });
  const look = async (): Promise<void> => {
    const digest = (await proof('/.nxmesh/proof'))?.split(' ')[0];
    if (digest) {
      digests[digest] ??= new Date().toISOString();
    }
  };
  const timers = [
    setInterval(() => {
      const now = performance.now();
      stalledMs = Math.max(stalledMs, now - turn - PROBE_MS);
      turn = now;
      sent += 1;
      const done: Promise<void> = probe().finally(() => asked.delete(done));
      asked.add(done);
    }, PROBE_MS),
    setInterval(() => void look(), WATCH_MS),
  ];
  return async () => {
    for (const timer of timers) {
      clearInterval(timer);
    }
    await Promise.all(asked);
    return { sent, failed, longestMs, stalledMs, digests };
  };
}

const server = createServer((_, response) => response.end(BODY));
server.listen(0, '127.0.0.1', () => tell({ upstream: (server.address() as AddressInfo).port }));
let end: (() => Promise<Seen>) | undefined;
process.on('message', (message: ToProber) => {
  if ('watch' in message) {
    end = watch(message.watch);
  } else {
    void end?.().then((seen) => tell({ seen }));
  }
});
process.on('disconnect', () => process.exit());
