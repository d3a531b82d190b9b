// SPDX-License-Identifier: Apache-2.0
import type { MakeHeads } from '../heads.js';
import type { Layout } from '../state/layout.js';
import type { BundleStore } from '../state/store.js';
import type { ActivateDeps } from './activate.js';
import type { RunDeps } from './run.js';

/** What the apply machine works with. */
export interface ApplyDeps extends ActivateDeps, RunDeps {
  readonly layout: Layout;
  readonly store: BundleStore;
  readonly heads: MakeHeads;
  /** Makes files and folders durable. */
  readonly flush: (paths: readonly string[]) => Promise<void>;
  /** nginx was stopped by command and is not to be started by a new configuration. */
  readonly stopped: () => boolean;
}
