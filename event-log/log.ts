// SPDX-License-Identifier: Apache-2.0
import { type Catalogue, eventCatalogue } from './catalogue.js';
import { incoming } from './incoming.js';
import { outgoing } from './outgoing.js';
import type { Delivery, EventLog, LogAdapter, ReadOptions, SubscribeOptions } from './port.js';

/** Puts schemas and upcasting around an adapter. `append` throws `InvalidEvent` before the adapter sees anything. */
export function eventLog(adapter: LogAdapter, catalogue: Catalogue = eventCatalogue()): EventLog {
  async function* read(stream: string, options: ReadOptions = {}) {
    for await (const batch of adapter.read(stream, options)) {
      for (const raw of batch) {
        yield incoming(catalogue, raw);
      }
    }
  }

  async function* subscribe(options: SubscribeOptions): AsyncGenerator<Delivery, void, undefined> {
    const wanted = options.types && new Set<string>(options.types);
    const skip = wanted && [...catalogue.keys()].filter((type) => !wanted.has(type));
    for await (const delivery of adapter.subscribe(skip ? { ...options, skip } : options)) {
      if (delivery.kind === 'caught-up') {
        yield delivery;
        continue;
      }
      for (const raw of delivery.events) {
        if (options.signal.aborted) {
          return;
        }
        if (wanted && !wanted.has(raw.type) && catalogue.has(raw.type)) {
          continue;
        }
        yield { kind: 'event', event: incoming(catalogue, raw) };
      }
    }
  }

  return {
    append: async (stream, expected, events) =>
      adapter.append(stream, expected, outgoing(catalogue, stream, events)),
    read,
    subscribe,
    head: () => adapter.head(),
    ...(adapter.maxAppendBytes === undefined ? {} : { maxAppendBytes: adapter.maxAppendBytes }),
    stopped: () => adapter.stopped?.(),
    close: () => adapter.close(),
  };
}
