// SPDX-License-Identifier: Apache-2.0

export { askedBy } from './asked.js';
export { type ConfigAt, type ConfigMark, configFold } from './at.js';
export { collection, evolve as evolveConfig, isComplete } from './evolve.js';
export { contentOf, type Holding, holdingOf, NOTHING_HELD, substitutesOf } from './holding.js';
export { type ConfigState, copyOfConfig, initial as initialConfig } from './state.js';
export * from './targets.js';
