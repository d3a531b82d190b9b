// SPDX-License-Identifier: Apache-2.0
export { type Catalogue, eventCatalogue } from './catalogue.js';
export { type Fold, type Folded, type Folds, type FoldsDeps, folds } from './folds.js';
export { eventLog } from './log.js';
export { memoryLog } from './memory/index.js';
export { AppendTooLarge, InvalidEvent } from './outgoing.js';
export * from './port.js';
export { sharedLog } from './shared.js';
export type { Upcast, Upcasts } from './upcast.js';
