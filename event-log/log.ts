// SPDX-License-Identifier: Apache-2.0
import { type Catalogue, eventCatalogue } from './catalogue.js';
import { incoming } from './incoming.js';
import { AppendTooLarge, outgoing } from './outgoing.js';
import type { Delivery, EventLog, LogAdapter, RawEvent, ReadOptions, SubscribeOptions } from './port.js';

/** What is left of an append, by this part of it, for what a version says of a change beyond the change itself. */
const VERSIONS_PART = 8;

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

  /** A change of a workspace must fit into a version of its configuration, which is an append too. */
  function checkSize(stream: string, events: readonly RawEvent[]): void {
    const { maxAppendBytes } = adapter;
    if (maxAppendBytes === undefined || !stream.startsWith('workspace-')) {
      return;
    }
    const limit = Math.floor(maxAppendBytes - maxAppendBytes / VERSIONS_PART);
    for (const { data } of events) {
      const bytes = Buffer.byteLength(data);
      if (bytes > limit) {
        throw new AppendTooLarge(stream, limit, bytes);
      }
    }
  }

  return {
    append: async (stream, expected, events) => {
      const raw = outgoing(catalogue, stream, events);
      checkSize(stream, raw);
      return adapter.append(stream, expected, raw);
    },
    read,
    subscribe,
    head: () => adapter.head(),
    ...(adapter.maxAppendBytes === undefined ? {} : { maxAppendBytes: adapter.maxAppendBytes }),
    stopped: () => adapter.stopped?.(),
    scrubbed: () => adapter.scrubbed?.(),
    close: () => adapter.close(),
  };
}
