// SPDX-License-Identifier: Apache-2.0
import { connect, createServer, type Socket } from 'node:net';

/** A way to a server that can be disturbed. */
export interface DisturbedWay {
  readonly port: number;
  /** Cuts every connection and takes no new one, or works again. */
  down(is: boolean): void;
  /** Holds what comes for so long. */
  slow(ms: number): void;
  /** Cuts the connections that are open now. */
  cut(): void;
  /** From now on cuts a connection when the server answers with something that holds this, and drops the answer. */
  losing(what: string | undefined): void;
  /** How many answers were dropped. */
  lost(): number;
  close(): void;
}

/**
 * Writes to a socket what comes, each piece so much later. One queue and one timer, so that no piece overtakes another,
 * also where the delay becomes shorter meanwhile: a stream whose bytes changed places is a fault that TCP does not have.
 */
function lane(to: Socket, delayMs: () => number): (chunk: Buffer) => void {
  const waiting: { readonly at: number; readonly chunk: Buffer }[] = [];
  const flush = (): void => {
    for (let [first] = waiting; first; [first] = waiting) {
      const left = first.at - performance.now();
      if (left > 0) {
        setTimeout(flush, Math.ceil(left));
        return;
      }
      waiting.shift();
      if (to.writable) {
        to.write(first.chunk);
      }
    }
  };
  return (chunk) => {
    waiting.push({ at: performance.now() + delayMs(), chunk });
    if (waiting.length === 1) {
      flush();
    }
  };
}

export async function proxyTo(host: string, port: number): Promise<DisturbedWay> {
  const pairs = new Set<readonly [Socket, Socket]>();
  let isDown = false;
  let delayMs = 0;
  let needle: string | undefined;
  let lost = 0;

  const end = (pair: readonly [Socket, Socket]): void => {
    pairs.delete(pair);
    pair[0].destroy();
    pair[1].destroy();
  };
  const cut = (): void => {
    for (const pair of pairs) {
      end(pair);
    }
  };
  const server = createServer((client) => {
    if (isDown) {
      client.destroy();
      return;
    }
    const upstream = connect({ host, port });
    const pair = [client, upstream] as const;
    pairs.add(pair);
    for (const socket of pair) {
      socket.on('error', () => end(pair));
      socket.on('close', () => end(pair));
    }
    const [toUpstream, toClient] = [lane(upstream, () => delayMs), lane(client, () => delayMs)];
    client.on('data', toUpstream);
    upstream.on('data', (chunk) => {
      if (needle !== undefined && chunk.includes(needle)) {
        lost += 1;
        end(pair);
      } else {
        toClient(chunk);
      }
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    down: (is) => {
      isDown = is;
      if (is) {
        cut();
      }
    },
    slow: (ms) => {
      delayMs = ms;
    },
    cut,
    losing: (what) => {
      needle = what;
    },
    lost: () => lost,
    close: () => {
      server.close();
      cut();
    },
  };
}
