// SPDX-License-Identifier: Apache-2.0
import { invalidPosition, unavailable } from './faults.js';
import type { DoubleNode } from './index.js';
import { nameOf, readEvent, streamNotFound } from './messages.js';
import { type ReadCall, send } from './send.js';
import type { Kept } from './store.js';
import { subscribeCall } from './subscribe-call.js';

/** Reads and subscriptions are one method of the protocol. */
export function readCall(node: DoubleNode, call: ReadCall): void {
  const options = call.request.getOptions();
  const method = options?.hasSubscription() ? 'subscribe' : 'read';
  const refusal = node.admit(method, call);
  const fault = node.faults.take(method);
  call.on('error', () => undefined);
  call.once('cancelled', node.cancelled);
  if (refusal || !options || fault?.kind === 'fail') {
    call.emit('error', refusal ?? (fault?.kind === 'fail' ? fault.error : unavailable));
  } else if (fault?.kind === 'silent') {
    return;
  } else if (method === 'subscribe') {
    void subscribeCall(node, call, options);
  } else {
    void answer(node, call, fault?.kind === 'lost');
  }
}

async function answer(node: DoubleNode, call: ReadCall, dies: boolean): Promise<void> {
  const options = call.request.getOptions();
  const stream = options?.getStream();
  const backwards = options?.getReadDirection() === 1;
  const limit = Number(options?.getCount() ?? 0);
  let events: readonly Kept[] = node.store.all;
  if (stream) {
    const name = nameOf(stream.getStreamIdentifier());
    events = node.store.stream(name);
    if (events.length === 0) {
      await send(call, streamNotFound(name));
      call.end();
      return;
    }
    if (stream.hasRevision()) {
      const from = BigInt(stream.getRevision());
      events = events.filter((one) => (backwards ? one.revision <= from : one.revision >= from));
    }
  } else {
    const at = options?.getAll()?.getPosition();
    if (at) {
      const from = BigInt(at.getCommitPosition());
      const last = events.at(-1)?.position ?? 0n;
      if (from < last && !events.some((one) => one.position === from)) {
        call.emit('error', invalidPosition);
        return;
      }
      events = events.filter((one) => (backwards ? one.position < from : one.position >= from));
    }
  }
  const ordered = backwards ? events.toReversed() : events;
  for (const [index, event] of ordered.slice(0, limit).entries()) {
    if (call.cancelled) {
      return;
    }
    if (dies && index === 3) {
      call.emit('error', unavailable);
      return;
    }
    await send(call, readEvent(event));
  }
  call.end();
}
