// SPDX-License-Identifier: Apache-2.0
import type { Route, SocketRoute } from '../../http/index.js';

export const ROLES = ['commands', 'projections', 'read-api', 'agent-gateway', 'publishers'] as const;
export type Role = (typeof ROLES)[number];

/** What a role brings into a process. */
export interface Part {
  readonly routes?: readonly Route[];
  readonly sockets?: readonly SocketRoute[];
  /** Why it cannot serve yet; empty when it can. */
  readonly notReady?: () => Promise<string>;
  /** Starts what listens; called when every part is there. */
  readonly listen?: () => Promise<void>;
  /** Ends what would keep the server from closing; called before it closes. */
  readonly drain?: () => void;
  readonly close: () => Promise<void>;
}
