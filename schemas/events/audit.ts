// SPDX-License-Identifier: Apache-2.0
import { closed, Sha256, Timestamp, Type } from '../common.js';

/** Streams `audit-<organization id>` and `audit-installation`: what a chain of the audit was, signed as it grew. */
export const auditEvents = {
  'audit.checkpoint_signed': closed({
    chain: Type.String({ minLength: 1, maxLength: 64 }),
    number: Type.Integer({ minimum: 1 }),
    hash: Sha256,
    at: Timestamp,
    key_id: Type.String({ pattern: '^[0-9a-f]{32}$', maxLength: 32 }),
    signature: Type.String({ maxLength: 128 }),
  }),
};
