import type { ServerWritableStream } from '@grpc/grpc-js';
import type { Request, Response } from './messages.js';

export type ReadCall = ServerWritableStream<Request, Response>;

/** Waits when the client does not keep up. */
export async function send(call: ReadCall, message: Response): Promise<void> {
  if (!call.write(message) && !call.cancelled) {
    await new Promise<void>((done) => {
      call.once('drain', done);
      call.once('cancelled', done);
    });
  }
}
