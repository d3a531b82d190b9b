// SPDX-License-Identifier: Apache-2.0
import type { Principal } from './authorize.js';
import type { Dialect } from './dialect.js';

/** What the pipeline and the log tell each other of one request. */
export interface RequestState {
  requestId: string;
  /** Where it comes from, as limits are counted. */
  network: string;
  /** Of the route; of the path until there is one. */
  dialect: Dialect;
  /** W3C trace that the caller belongs to. */
  traceId: string | undefined;
  operationId?: string;
  principal?: Principal;
}
