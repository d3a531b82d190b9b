// SPDX-License-Identifier: Apache-2.0
export * from './errors.js';
export * from './lease.js';
export * from './memory/memory.js';
export * from './port.js';
