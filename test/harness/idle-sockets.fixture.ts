// SPDX-License-Identifier: Apache-2.0
/**
 * `node idle-sockets.fixture.js <port> <count>`: opens so many connections to the port, from several addresses of this machine
 * because one has not ports enough, and sends nothing. Prints `open <n>`, then `closed <n>` once the other side has
 * closed them all; `too few <n>` where this process may not open so many.
 */
import { connect } from 'node:net';

const [port = 0, count = 0] = process.argv.slice(2).map(Number);
const AT_ONCE = 200;
const EACH = 2_500;
let [opened, closed, next] = [0, 0, 0];

const tell = (text: string): void => void process.stdout.write(`${text}\n`);

function open(): void {
  if (next >= count) {
    return;
  }
  const localAddress = `127.0.0.${2 + Math.floor(next / EACH)}`;
  next += 1;
  const socket = connect({ port, host: '127.0.0.1', localAddress }, () => {
    opened += 1;
    if (opened === count) {
      tell(`open ${opened}`);
    }
    open();
  });
  socket.resume();
  socket.on('error', (error: NodeJS.ErrnoException) => {
    if (['EMFILE', 'EADDRNOTAVAIL', 'EACCES'].includes(error.code ?? '')) {
      tell(`too few ${opened} ${error.code}`);
      process.exit(0);
    }
  });
  socket.once('close', () => {
    closed += 1;
    if (closed === count) {
      tell(`closed ${closed}`);
    }
  });
}

for (let index = 0; index < AT_ONCE; index += 1) {
  open();
}
