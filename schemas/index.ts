// SPDX-License-Identifier: Apache-2.0
export * from './commands/index.js';
export * from './common.js';
export * from './events/index.js';
export * from './public-data.js';
export * from './resources/index.js';
export * from './validate.js';
