// SPDX-License-Identifier: Apache-2.0
export { type Access, access, type Rights } from './access.js';
export type { AccessKey, AccessSession, KeySpan } from './state.js';
