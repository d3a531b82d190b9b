// SPDX-License-Identifier: Apache-2.0
export { collection, evolve as evolveConfig, isComplete } from './evolve.js';
export { type ConfigState, initial as initialConfig } from './state.js';
export * from './targets.js';
