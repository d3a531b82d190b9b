// SPDX-License-Identifier: Apache-2.0
import type { HostCertificate } from '../state/certificates.js';
import type { Outcome, Step } from '../state/journal.js';
import type { Manifest } from '../state/manifest.js';

/** A verified bundle that is to go live: every hash and the digest have been checked. */
export interface Update {
  readonly digest: string;
  /** Version of the workspace under which it came. */
  readonly version: bigint;
  readonly manifest: Manifest;
  /** SHA-256 → bytes, of the files that came with it. */
  readonly contents: ReadonlyMap<string, Uint8Array>;
  readonly certificates: readonly HostCertificate[];
  /** Monotonic milliseconds at its receipt. */
  readonly receivedAt: number;
}

/** How far an update is, or how it ended. */
export type Report = { readonly digest: string; readonly version: bigint; readonly receivedAt: number } & (
  | { readonly status: 'PENDING' | 'VALIDATING' | 'APPLYING'; readonly stage: Step | '' }
  | { readonly status: Outcome['status']; readonly outcome: Outcome }
);
