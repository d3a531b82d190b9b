// SPDX-License-Identifier: Apache-2.0
import type { Position } from '../../kernel/index.js';
import type { Message } from './envelope.js';
import type { CheckedSettings } from './settings.js';

export interface Batches {
  /** Adds a message; waits while two batches are full. Rejects with what the batch before has failed with. */
  take(message: Message, position: Position): Promise<void>;
  /** Resolves when all that was taken has been sent. */
  settled(): Promise<void>;
  /** Resolves when what is on its way has been sent; what waits for its turn stays behind. */
  sent(): Promise<void>;
}

/**
 * Gathers messages into batches, bounded in number and bytes, and sends one after the other. While one is on its way
 * the next is gathered; never are two on their way, which would lose the order. After a failure nothing more is sent.
 */
export function batches(
  { batchSize, maxMessageBytes }: Pick<CheckedSettings, 'batchSize' | 'maxMessageBytes'>,
  send: (messages: readonly Message[], to: Position) => Promise<void>,
): Batches {
  let inFlight: Promise<void> = Promise.resolve();
  let batch: Message[] = [];
  let bytes = 0;
  let last = 0n;

  async function hand(): Promise<void> {
    await inFlight;
    if (batch.length > 0) {
      inFlight = send(batch, last);
      // Whoever awaits it next gets the error.
      inFlight.catch(() => {});
      batch = [];
      bytes = 0;
    }
  }

  return {
    take: async (message, position) => {
      if (batch.length > 0 && bytes + message.bytes > maxMessageBytes) {
        await hand();
      }
      batch.push(message);
      bytes += message.bytes;
      last = position;
      if (batch.length >= batchSize) {
        await hand();
      }
    },
    settled: async () => {
      await hand();
      await inFlight;
    },
    sent: () => inFlight,
  };
}
