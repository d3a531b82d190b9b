// SPDX-License-Identifier: Apache-2.0
import type { Provenance } from './model.js';

/** Why a configuration cannot be rendered for one agent. */
export type RefusalReason =
  | 'WEB_ROOT_UNKNOWN'
  | 'WEB_ROOT_INVALID'
  | 'CERTIFICATE_MISSING'
  | 'TLS_REQUIRED'
  | 'MODULE_MISSING'
  | 'VERSION_TOO_OLD'
  | 'LISTEN_CONFLICT'
  | 'UNKNOWN_REFERENCE'
  | 'VALUE_REFUSED';

/** Refuses a field of the resource at hand. */
export type Refuse = (reason: RefusalReason, field: string, message: string) => never;

/** Thrown by compile and render; names the resource and field, so that the caller can leave that resource out. */
export class RenderRefused extends Error {
  readonly reason: RefusalReason;
  readonly provenance: Provenance;

  constructor(reason: RefusalReason, provenance: Provenance, message: string) {
    super(message);
    this.name = 'RenderRefused';
    this.reason = reason;
    this.provenance = provenance;
  }
}
