// SPDX-License-Identifier: Apache-2.0
import type { Route } from '../../http/index.js';

export const ROLES = ['commands', 'projections', 'read-api', 'agent-gateway', 'publishers'] as const;
export type Role = (typeof ROLES)[number];

export type Health = 'healthy' | 'degraded' | 'unhealthy';

/** One number for `/metrics`; the same name always has the same labels. */
export interface Measure {
  /** `nxmesh_<area>_<what>_<unit>` */
  readonly name: string;
  readonly help: string;
  readonly value: number;
  readonly labels?: Readonly<Record<string, string>>;
}

/** What a role brings into a process. */
export interface Part {
  readonly routes?: readonly Route[];
  /** Why it cannot serve yet; empty when it can. */
  readonly notReady?: () => Promise<string>;
  /** Health of each component that it runs, for the status. */
  readonly components?: () => Promise<Readonly<Record<string, Health>>>;
  /** Read when somebody asks for the metrics. */
  readonly measures?: () => Promise<readonly Measure[]>;
  /** Starts what listens; called when every part is there. */
  readonly listen?: () => Promise<void>;
  readonly close: () => Promise<void>;
}
