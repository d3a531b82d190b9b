// SPDX-License-Identifier: Apache-2.0
import { Outage } from '../kernel/index.js';

/** The store cannot serve now (busy, disk full, unreachable); nothing was written, and asking again may help. */
export class StoreUnavailable extends Outage {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StoreUnavailable';
  }
}

/**
 * Why a store cannot be used at all:
 * `foreign`: not a store of NxMesh; it is left as it is. `newer`: written by a newer NxMesh. `damaged`: its bytes are
 * not what was written. `unreadable`: this process may not open it, or the disk fails. `locked`: another process has it.
 */
export type Unusable = 'foreign' | 'newer' | 'damaged' | 'unreadable' | 'locked';

export class StoreUnusable extends Error {
  readonly why: Unusable;

  constructor(why: Unusable, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StoreUnusable';
    this.why = why;
  }
}

export class UnknownCollection extends Error {
  constructor(collection: string) {
    super(`no collection ${collection}`);
    this.name = 'UnknownCollection';
  }
}
