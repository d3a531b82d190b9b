// SPDX-License-Identifier: Apache-2.0
import { connect } from 'node:net';
import type { Timers } from '../../kernel/index.js';

/** Asks nginx over its private socket, on a connection of its own: the body of a 200, or undefined. */
export type Ask = (url: string) => Promise<string | undefined>;

const ANSWER_MS = 1000;
const ANSWER_BYTES = 65_536;

export function createAsk(deps: { timers: Timers; socket: string }): Ask {
  return (url) =>
    new Promise((done) => {
      let text = '';
      const socket = connect({ path: deps.socket });
      const cancel = deps.timers.after(ANSWER_MS, () => socket.destroy());
      socket.setEncoding('latin1');
      socket.on('connect', () => socket.write(`GET ${url} HTTP/1.0\r\nHost: nxmesh\r\n\r\n`));
      socket.on('data', (chunk: string) => {
        text += chunk;
        if (text.length > ANSWER_BYTES) {
          socket.destroy();
        }
      });
      socket.on('error', () => undefined);
      socket.on('close', () => {
        cancel();
        const body = text.indexOf('\r\n\r\n');
        done(/^HTTP\/1\.[01] 200 /.test(text) && body !== -1 ? text.slice(body + 4) : undefined);
      });
    });
}
