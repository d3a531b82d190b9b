// SPDX-License-Identifier: Apache-2.0
import type { ServerWritableStream } from '@grpc/grpc-js';
import { deferred } from '../../kernel/index.js';
import type { Request, Response } from './messages.js';

export type ReadCall = ServerWritableStream<Request, Response>;

/** Waits when the client does not keep up. */
export async function send(call: ReadCall, message: Response): Promise<void> {
  if (!call.write(message) && !call.cancelled) {
    const go = deferred();
    call.once('drain', go.resolve);
    call.once('cancelled', go.resolve);
    await go.promise;
    call.off('drain', go.resolve);
    call.off('cancelled', go.resolve);
  }
}
