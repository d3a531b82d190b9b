// SPDX-License-Identifier: Apache-2.0
import { Agent, createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A real server that answers with its name. */
export async function upstreamServer(name: string): Promise<{ server: Server; address: string }> {
  const server = createServer((_, response) => response.end(name));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, address: `127.0.0.1:${(server.address() as AddressInfo).port}` };
}

/** One request on a connection of its own; the body, or an error's message behind `!`. */
export function ask(port: number, host: string, timeout = 2000): Promise<string> {
  return new Promise((resolve) => {
    const asked = request(
      {
        host: '127.0.0.1',
        port,
        path: '/',
        headers: { host },
        agent: new Agent({ keepAlive: false }),
        timeout,
      },
      (response) => {
        let body = '';
        response.on('data', (chunk: Buffer) => {
          body += chunk.toString();
        });
        response.on('end', () => resolve(response.statusCode === 200 ? body : `! ${response.statusCode}`));
      },
    );
    asked.on('timeout', () => asked.destroy(new Error('timeout')));
    asked.on('error', (error) => resolve(`! ${error.message}`));
    asked.end();
  });
}

/** How often each server answered, of so many requests. */
export async function distribution(
  port: number,
  host: string,
  requests: number,
): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (let n = 0; n < requests; n += 1) {
    const body = await ask(port, host);
    counts.set(body, (counts.get(body) ?? 0) + 1);
  }
  return counts;
}

export interface Prober {
  /** Ends it; how many requests were sent and which failed. */
  end(): Promise<{ sent: number; failed: string[] }>;
}

/** Asks one host after another for as long as it runs: whoever is unserved for a moment is found. */
export function prober(targets: readonly { port: number; host: string }[]): Prober {
  let running = true;
  let sent = 0;
  const failed: string[] = [];
  const loop = (async () => {
    while (running) {
      for (const { port, host } of targets) {
        const body = await ask(port, host);
        sent += 1;
        if (body.startsWith('!')) {
          failed.push(`${host}: ${body}`);
        }
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  })();
  return {
    end: async () => {
      running = false;
      await loop;
      return { sent, failed };
    },
  };
}
