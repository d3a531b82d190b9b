// SPDX-License-Identifier: Apache-2.0
import { type Notifier, notifier } from '../../kernel/index.js';

export interface Proposed {
  readonly id: string;
  readonly type: string;
  readonly contentType: string;
  readonly data: Uint8Array;
  readonly meta: Uint8Array;
}

export interface Kept extends Proposed {
  readonly stream: string;
  readonly revision: bigint;
  readonly position: bigint;
}

export type Expecting = bigint | 'any' | 'stream-exists';

export type Decision =
  | { readonly kind: 'stored' | 'idempotent'; readonly revision: bigint; readonly position: bigint }
  | { readonly kind: 'wrong-version'; readonly current: bigint };

/** What one server, or the servers of one cluster, hold. Revision -1 is "no stream". */
export interface DoubleStore {
  readonly all: readonly Kept[];
  readonly committed: Notifier;
  stream(name: string): readonly Kept[];
  append(stream: string, expected: Expecting, events: readonly Proposed[]): Decision;
  /** An event of the server's own, as `$stats-…` are. */
  system(): Kept;
  /** Puts bytes into the log that no client of ours would write. */
  plant(stream: string, event: Partial<Proposed>): Kept;
  /** Forgets the newest events, as a restored backup does: what comes next has their positions. */
  truncate(count: number): void;
}

const text = (value: string): Uint8Array => Buffer.from(value);

export function doubleStore(): DoubleStore {
  const all: Kept[] = [];
  const streams = new Map<string, Kept[]>();
  const committed = notifier();
  /** Positions are byte offsets in the real log: growing, with gaps, of records of any size. */
  let offset = 1_369n;
  let systemCount = 0;

  const of = (name: string): Kept[] => streams.get(name) ?? [];

  function keep(stream: string, event: Proposed): Kept {
    const events = of(stream);
    const kept = { ...event, stream, revision: BigInt(events.length), position: offset };
    offset += BigInt(90 + event.data.length + event.meta.length + stream.length);
    events.push(kept);
    streams.set(stream, events);
    all.push(kept);
    return kept;
  }

  function system(): Kept {
    systemCount += 1;
    const kept = keep('$stats-127.0.0.1:2113', {
      id: `00000000-0000-4000-8000-${String(systemCount).padStart(12, '0')}`,
      type: '$statsCollected',
      contentType: 'application/json',
      data: text('{"proc-cpu":1.5}'),
      meta: text(''),
    });
    committed.notify();
    return kept;
  }

  function append(stream: string, expected: Expecting, events: readonly Proposed[]): Decision {
    const decision = decide(of(stream), expected, events);
    if (decision) {
      return decision;
    }
    const kept = events.map((event) => keep(stream, event));
    committed.notify();
    const last = kept.at(-1);
    return { kind: 'stored', revision: last?.revision ?? -1n, position: last?.position ?? 0n };
  }

  system();
  return {
    all,
    committed,
    stream: of,
    append,
    system,
    plant: (stream, event) => {
      const kept = keep(stream, {
        id: '00000000-0000-4000-9000-000000000000',
        type: 'planted',
        contentType: 'application/json',
        data: text('{}'),
        meta: text('{}'),
        ...event,
      });
      committed.notify();
      return kept;
    },
    truncate: (count) => {
      for (const gone of all.splice(all.length - count, count).toReversed()) {
        of(gone.stream).pop();
        offset = gone.position;
      }
    },
  };
}

/**
 * The check before a commit, as `IndexWriter.CheckCommit` of the server has it; undefined: store them. An explicit
 * revision: the ids are compared with what stands at `expected + 1…`. No check looks into other streams.
 */
function decide(
  before: readonly Kept[],
  expected: Expecting,
  events: readonly Proposed[],
): Decision | undefined {
  const current = BigInt(before.length) - 1n;
  const wrong: Decision = { kind: 'wrong-version', current };
  if (expected === 'stream-exists' && current < 0n) {
    return wrong;
  }
  if (typeof expected !== 'bigint') {
    const known = events.map((event) => before.find((one) => one.id === event.id));
    const last = known.at(-1);
    if (known[0] === undefined) {
      return undefined;
    }
    return known.includes(undefined) || !last ? wrong : again(last);
  }
  if (expected >= current) {
    return expected === current ? undefined : wrong;
  }
  const stored = events.map((_, index) => before[Number(expected) + 1 + index]);
  const last = stored.at(-1);
  const same = stored.every((one, index) => one?.id === events[index]?.id);
  return same && last ? again(last) : wrong;
}

const again = (last: Kept): Decision => ({
  kind: 'idempotent',
  revision: last.revision,
  position: last.position,
});
