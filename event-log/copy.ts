// SPDX-License-Identifier: Apache-2.0
/**
 * Copies a log into another, of any kind. Events keep their ids, streams, revisions and order; positions are the
 * target's own. It may be stopped and started again: what is there already is compared, not copied. Nobody else may
 * write to either while it runs.
 */
import { createHash } from 'node:crypto';
import { canonicalJson } from '../kernel/index.js';
import type { NewEvent, StoredEvent } from '../schemas/index.js';
import { type EventLog, LogDamaged } from './port.js';

export interface CopyReport {
  /** Events in both logs at the end. */
  readonly events: number;
  /** How many of them this run has copied. */
  readonly copied: number;
  /** SHA-256 over all events in order, the same in both. */
  readonly digest: string;
}

export interface CopyOptions {
  readonly signal: AbortSignal;
  /** Told now and then how many events of the source have been looked at, and how much of it, from 0 to 1, that is. */
  readonly progress?: (looked: number, share: number) => void;
}

const BATCH = 500;
const BATCH_BYTES = 256 * 1024;

/** Everything that is in a log now. */
async function* everything(log: EventLog, signal: AbortSignal): AsyncGenerator<StoredEvent, void, undefined> {
  for await (const delivery of log.subscribe({ after: 0n, signal })) {
    if (delivery.kind === 'caught-up') {
      return;
    }
    yield delivery.event;
  }
}

const lineOf = ({ stream, revision, id, type, data, meta }: StoredEvent): string =>
  canonicalJson([stream, String(revision), id, type, data, meta]);

async function digestOf(log: EventLog, signal: AbortSignal): Promise<{ digest: string; events: number }> {
  const hash = createHash('sha256');
  let events = 0;
  for await (const event of everything(log, signal)) {
    hash.update(lineOf(event)).update('\n');
    events += 1;
  }
  return { digest: hash.digest('hex'), events };
}

/** Throws `LogDamaged` when the target holds something else than the beginning of the source. */
export async function copyLog(from: EventLog, to: EventLog, options: CopyOptions): Promise<CopyReport> {
  const { signal, progress } = options;
  const present = everything(to, signal);
  const head = await from.head();
  let looked = 0;
  let copied = 0;
  let behind = false;
  let batch: StoredEvent[] = [];
  let bytes = 0;

  async function flush(): Promise<void> {
    const first = batch[0];
    if (first) {
      const events = batch.map(({ id, type, data, meta }) => ({ id, type, data, meta }) as NewEvent);
      await to.append(first.stream, first.revision === 0n ? 'none' : first.revision - 1n, events);
      copied += batch.length;
      batch = [];
      bytes = 0;
    }
  }

  for await (const event of everything(from, signal)) {
    looked += 1;
    const line = lineOf(event);
    if (!behind) {
      const there = await present.next();
      if (there.done) {
        behind = true;
      } else if (lineOf(there.value) !== line) {
        throw new LogDamaged(
          `the target has another event where the source has ${event.stream} ${event.revision}`,
        );
      }
    }
    if (behind) {
      if (batch.length >= BATCH || bytes >= BATCH_BYTES || (batch[0] && batch[0].stream !== event.stream)) {
        await flush();
      }
      batch.push(event);
      bytes += line.length;
    }
    if (looked % BATCH === 0) {
      progress?.(looked, Number((event.position * 1_000_000n) / (head || 1n)) / 1_000_000);
    }
  }
  await flush();
  signal.throwIfAborted();
  const [source, target] = [await digestOf(from, signal), await digestOf(to, signal)];
  if (source.digest !== target.digest) {
    throw new LogDamaged(
      `the copy has ${target.events} events, the source ${source.events}, and they differ`,
    );
  }
  progress?.(looked, 1);
  return { events: target.events, copied, digest: target.digest };
}
