// SPDX-License-Identifier: Apache-2.0
import { type ServerDuplexStream, status } from '@grpc/grpc-js';
import type { Clock, Timers } from '../kernel/index.js';
import type { GatewaySettings } from './deps.js';
import { outbox } from './outbox.js';
import { encodeMaster, type MasterPayload } from './wire.js';

/** One stream of an agent, as messages in both directions and an end. */
export interface Link {
  /** Of the peer, without port. */
  readonly address: string;
  /** Undecoded messages; ends when the stream does, from whichever side. To be taken once. */
  readonly messages: AsyncIterator<Buffer, undefined>;
  send(payload: MasterPayload, messageId?: string): void;
  /** An encoded message. */
  sendBytes(message: Buffer): void;
  /** Resolves when few messages wait. */
  room(): Promise<void>;
  /** Whether all that was sent has left for the network. */
  empty(): boolean;
  /**
   * Ends the stream after what is on its way; the first call counts. What still waits is dropped, and nothing is sent
   * any more. A peer that does not take it is cut off.
   */
  end(code: status, details: string): void;
}

interface LinkDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  cut(peer: string): void;
}

export function link(
  deps: LinkDeps,
  call: ServerDuplexStream<Buffer, Buffer>,
  settings: Pick<GatewaySettings, 'stallMs' | 'lingerMs'>,
): Link {
  const peer = call.getPeer();
  let ended = false;
  // Emitted however a stream ends: by the peer, with its connection, or by our status having been sent.
  call.once('cancelled', () => {
    ended = true;
    box.close();
  });
  const box = outbox(
    {
      timers: deps.timers,
      write: (message, done) => call.write(message, done),
      stalled: () => {
        box.close();
        deps.cut(peer);
      },
    },
    settings.stallMs,
  );
  return {
    address: peer.slice(0, peer.lastIndexOf(':')),
    messages: messagesOf(call),
    send: (payload, messageId = '') => box.send(encodeMaster(payload, deps.clock.now(), messageId)),
    sendBytes: (message) => box.send(message),
    room: () => box.room(),
    empty: () => box.empty(),
    end: (code, details) => {
      if (ended) {
        return;
      }
      ended = true;
      const finish = deps.timers.after(settings.lingerMs, () => deps.cut(peer));
      call.once('cancelled', finish);
      // An end amid a message, or a message after the end, would break the stream before its status has been sent.
      box.close(() => {
        if (code === status.OK) {
          call.end();
        } else {
          call.emit('error', { code, details });
        }
      });
    },
  };
}

/** A stream that was cancelled has ended, like one that was closed: neither is an error of ours. */
async function* messagesOf(call: ServerDuplexStream<Buffer, Buffer>): AsyncGenerator<Buffer, undefined> {
  try {
    for await (const message of call) {
      yield message as Buffer;
    }
  } catch {
    // What broke the stream has ended it.
  }
  return undefined;
}
