// SPDX-License-Identifier: Apache-2.0
export interface Watch {
  readonly port: number;
  readonly host: string;
  readonly proofSocket: string;
}

export interface Seen {
  readonly sent: number;
  /** When it was asked, for how long, and what came instead. */
  readonly failed: readonly string[];
  readonly longestMs: number;
  /** The longest that this process itself was kept from its turn. */
  readonly stalledMs: number;
  /** Each digest that nginx has proven, and when it was first seen. */
  readonly digests: Readonly<Record<string, string>>;
}

export type ToProber = { readonly watch: Watch } | { readonly end: true };
export type FromProber = { readonly upstream: number } | { readonly seen: Seen };

export const BODY = 'blue';
