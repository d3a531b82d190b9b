// SPDX-License-Identifier: Apache-2.0
export * from './async.js';
export * from './clock.js';
export * from './decider.js';
export * from './errors.js';
export * from './event.js';
export * from './ids.js';
export * from './json.js';
export * from './names.js';
export * from './network.js';
export * from './never.js';
export * from './pace.js';
export * from './secret.js';
export * from './streams.js';
export * from './waiters.js';
