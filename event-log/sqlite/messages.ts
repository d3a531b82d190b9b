import type { Answer, AppendRequest } from './commit.js';
import type { NotOpenedReason } from './not-opened.js';
import type { StoreOptions } from './store.js';

/** What the writer's thread is given at its start. */
export interface WriterData {
  readonly path: string;
  readonly options: StoreOptions;
}

export type ToWriter =
  | { readonly kind: 'append'; readonly group: readonly AppendRequest[] }
  | { readonly kind: 'close' };

export type FromWriter =
  | { readonly kind: 'opened'; readonly position: number }
  | { readonly kind: 'not-opened'; readonly reason: NotOpenedReason; readonly message: string }
  /** Answers to the groups that went into one transaction, in the order they were sent. */
  | {
      readonly kind: 'committed';
      readonly groups: number;
      readonly answers: readonly Answer[];
      readonly position: number;
      /** How long the commit took, ms. */
      readonly took: number;
    }
  /** The groups were not stored; the writer goes on. */
  | { readonly kind: 'refused'; readonly groups: number; readonly message: string }
  /** The writer has stopped for good. */
  | { readonly kind: 'stopped'; readonly message: string }
  | { readonly kind: 'closed' };
