// SPDX-License-Identifier: Apache-2.0
import type { StreamingRead } from '@eventstore/db-client';

/** Everything that a read gives, which must have a `maxCount`; the call is given up when `over` resolves. */
export async function collect<E>(stream: StreamingRead<E>, over: Promise<void>): Promise<E[]> {
  const found: E[] = [];
  try {
    await new Promise<void>((resolve, reject) => {
      // The listener stays: an error without one ends the process.
      stream.on('error', reject);
      stream.on('end', resolve);
      stream.on('data', (event) => found.push(event));
      void over.then(resolve);
    });
    return found;
  } finally {
    stream.cancel().catch(() => undefined);
    stream.destroy();
  }
}
