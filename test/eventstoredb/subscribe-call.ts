// SPDX-License-Identifier: Apache-2.0
import { randomUUID } from 'node:crypto';
import type streams from '@eventstore/db-client/generated/streams_pb.js';
import { invalidPosition } from './faults.js';
import type { DoubleNode } from './index.js';
import { caughtUp, checkpoint, confirmation, readEvent } from './messages.js';
import { type ReadCall, send } from './send.js';
import type { Kept } from './store.js';

type Options = InstanceType<typeof streams.ReadReq.Options>;
type Filter = InstanceType<typeof streams.ReadReq.Options.FilterOptions>;

const SEARCH_WINDOW = 32;

/**
 * A filtered subscription to `$all`, as the server's `AllSubscriptionFiltered` goes about it: catch up with a
 * checkpoint an interval and one at the end, caught-up, then live. A start at or behind the end is live at once, and
 * what lies before that start is left out even when it comes later.
 */
export async function subscribeCall(node: DoubleNode, call: ReadCall, options: Options): Promise<void> {
  const { store } = node;
  const matches = matcher(options.getFilter());
  const window = options.getFilter()?.hasMax() ? (options.getFilter()?.getMax() ?? 0) : SEARCH_WINDOW;
  const interval = window * Math.max(1, options.getFilter()?.getCheckpointintervalmultiplier() ?? 1);
  const filtered = options.hasFilter();
  const at = options.getAll()?.getPosition();
  const last = (): bigint => store.all.at(-1)?.position ?? 0n;
  let passed = at ? BigInt(at.getCommitPosition()) : options.getAll()?.hasEnd() ? last() : 0n;
  if (passed > 0n && passed < last() && !store.all.some((one) => one.position === passed)) {
    call.emit('error', invalidPosition);
    return;
  }
  const open = node.subscriptions.open(
    call,
    options.getFilter()?.getStreamIdentifier()?.getPrefixList() ?? [],
  );
  call.once('cancelled', open.end);
  await send(call, confirmation(randomUUID()));
  let index = store.all.findIndex((one) => one.position > passed);
  index = Math.max(0, (index < 0 ? store.all.length : index) - node.subscriptions.back());
  passed = node.subscriptions.back() > 0 ? (store.all[index - 1]?.position ?? 0n) : passed;
  let considered = 0;
  let live = false;
  const told = async (): Promise<void> => {
    if (filtered && passed > 0n) {
      await send(call, checkpoint(passed));
    }
    considered = 0;
  };
  if (passed >= last() && passed > 0n) {
    live = true;
    await send(call, caughtUp());
  }
  while (!open.ended()) {
    const woken = store.committed.wait();
    const event = store.all[index];
    if (open.frozen()) {
      await open.wait();
    } else if (event) {
      index += 1;
      considered += 1;
      open.looked();
      if (event.position > passed) {
        passed = event.position;
        if (matches(event)) {
          await send(call, readEvent(event));
        }
        if (considered >= interval) {
          await told();
        }
      }
    } else if (!live) {
      live = true;
      await told();
      await send(call, caughtUp());
    } else {
      await Promise.race([woken, open.wait()]);
    }
  }
}

function matcher(filter: Filter | undefined): (event: Kept) => boolean {
  const expression = filter?.getStreamIdentifier() ?? filter?.getEventType();
  if (!expression) {
    return () => true;
  }
  const key = filter?.hasStreamIdentifier() ? 'stream' : 'type';
  const prefixes = expression.getPrefixList();
  const regex = new RegExp(expression.getRegex());
  return (event) =>
    prefixes.length > 0 ? prefixes.some((prefix) => event[key].startsWith(prefix)) : regex.test(event[key]);
}
