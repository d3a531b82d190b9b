// SPDX-License-Identifier: Apache-2.0
export * from './access.js';
export * from './agent.js';
export * from './certificate.js';
export * from './operation.js';
export * from './organization.js';
export * from './upstream.js';
export * from './user.js';
export * from './virtual-host.js';
