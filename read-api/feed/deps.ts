// SPDX-License-Identifier: Apache-2.0
import type { Log, Principal } from '../../http/index.js';
import type { Clock, Position, Random, Timers } from '../../kernel/index.js';
import type { ReadStore } from '../../read-store/index.js';
import type { EventType, StoredEvent } from '../../schemas/index.js';

/** What the feed needs of the event log. */
export interface FeedLog {
  head(): Promise<Position>;
  /** Every event of these types behind a position, once and in order; `caught-up` says that nothing up to it is missing. */
  subscribe(options: {
    readonly after: Position;
    readonly types: readonly EventType[];
    readonly signal: AbortSignal;
  }): AsyncIterable<
    | { readonly kind: 'event'; readonly event: StoredEvent }
    | { readonly kind: 'caught-up'; readonly position: Position }
  >;
  /** Whether what was thrown may be over when asked again. */
  isPassing(error: unknown): boolean;
}

/** Who a principal is by now; undefined when it is disabled, revoked or gone. */
export type ReloadPrincipal = (principal: Principal) => Promise<Principal | undefined>;

export interface FeedDeps {
  readonly log: FeedLog;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Log;
  readonly store: Pick<ReadStore, 'define' | 'find' | 'write' | 'take'>;
  readonly reload: ReloadPrincipal;
  /** Resolves when anybody's rights have changed; without it they are only looked at again and again. */
  readonly changed?: () => Promise<void>;
  /** The organization that a workspace is in; undefined when there is no such workspace. */
  readonly organizationOf: (workspaceId: string) => Promise<string | undefined>;
  /** Where browsers may come from: `https://console.example.com`, each whole and exact. */
  readonly allowedOrigins: readonly string[];
  readonly limits?: Partial<FeedLimits>;
}

export interface FeedLimits {
  /** Connections of one principal. */
  readonly perPrincipal: number;
  /** Connections of one process. */
  readonly perProcess: number;
  /** Bytes that may wait for one subscriber. */
  readonly bufferBytes: number;
  /** How long a subscriber may take nothing before it is sent away. */
  readonly stallMs: number;
  readonly pingMs: number;
  readonly recheckMs: number;
  /** What all readers share, in events and in bytes of JSON. */
  readonly ringItems: number;
  readonly ringBytes: number;
  /** Readers that read the log for themselves at the same time. */
  readonly replays: number;
}

export const defaultLimits: FeedLimits = {
  perPrincipal: 100,
  perProcess: 5_000,
  bufferBytes: 256 * 1024,
  stallMs: 30_000,
  pingMs: 20_000,
  recheckMs: 500,
  ringItems: 4_096,
  ringBytes: 16 * 1024 * 1024,
  replays: 16,
};
