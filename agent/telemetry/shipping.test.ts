// SPDX-License-Identifier: Apache-2.0
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { AccessLine } from './line.js';
import type { Position } from './position.js';
import { createShipping, type Shipping } from './shipping.js';

const line = (status = 200): AccessLine => ({
  at: 1,
  status,
  responseTimeMs: 1,
  bytesIn: 1,
  bytesOut: 1,
  fields: { uri: '/' },
});

function scene(perSecond = 100_000) {
  const clock = { at: 0, now: () => clock.at, monotonic: () => clock.at };
  const position: Position = { source: 's', file: 1, base: 0, counted: 0, shipped: 0 };
  const shipping = createShipping(clock, perSecond, position);
  let end = 0;
  let messages = 0;
  const offer = (count: number, status = 200): number => {
    let dropped = 0;
    for (let n = 0; n < count; n += 1) {
      end += 10;
      dropped += shipping.offer(line(status), end);
    }
    return dropped;
  };
  /** Sends all that may be on its way; gives the messages. */
  const send = (): { id: string; sequences: number[] }[] => {
    const sent: { id: string; sequences: number[] }[] = [];
    for (let next = shipping.next(); next; next = shipping.next()) {
      messages += 1;
      next.sent(`m${messages}`);
      sent.push({
        id: `m${messages}`,
        sequences: next.batch.entries.map(({ sequence }) => Number(sequence)),
      });
    }
    return sent;
  };
  return { clock, position, shipping, offer, send };
}

const kept = (shipping: Shipping, ...ids: string[]): void => {
  for (const id of ids) {
    assert.ok(shipping.acknowledged(id, true));
  }
};

test('four messages are on their way, and the position moves with the first that is not kept yet', () => {
  const { position, shipping, offer, send } = scene();
  offer(2600);
  const sent = send();
  assert.equal(
    sent.map(({ sequences }) => sequences.length),
    [500, 500, 500, 500],
  );
  assert.is(position.shipped, 0);
  kept(shipping, 'm2', 'm3');
  assert.is(position.shipped, 0);
  kept(shipping, 'm1');
  assert.is(position.shipped, 15_000);
  assert.equal(
    send().map(({ sequences }) => sequences[0]),
    [20_010, 25_010],
  );
  kept(shipping, 'm4', 'm5', 'm6');
  assert.is(position.shipped, 26_000);
  assert.not(shipping.acknowledged('m6', true));
});

test('what was not kept, or not acknowledged before the connection ended, is sent again in its order', () => {
  const { position, shipping, offer, send } = scene();
  offer(700);
  const first = send().flatMap(({ sequences }) => sequences);
  shipping.disconnected();
  assert.not(shipping.acknowledged('m1', true));
  assert.equal(
    send().flatMap(({ sequences }) => sequences),
    first,
  );
  assert.ok(shipping.acknowledged('m3', false));
  assert.equal(
    send().flatMap(({ sequences }) => sequences),
    first,
  );
  kept(shipping, 'm5', 'm6');
  assert.is(position.shipped, 7000);
});

test('more than the budget is left out, but failed requests have one of their own', () => {
  const { clock, offer, position } = scene(100);
  assert.is(offer(1000), 800);
  assert.is(offer(30, 503), 10);
  clock.at += 1000;
  assert.is(offer(150), 50);
  // What is left out at the end is behind the position of what waits.
  assert.is(position.shipped, 0);
});

test('with the master away the newest ten thousand wait', () => {
  const { offer, send, position } = scene(1_000_000);
  assert.is(offer(10_500), 1000);
  assert.is(position.shipped, 10_000);
  assert.is(send()[0]?.sequences[0], 10_010);
});

test.run();
