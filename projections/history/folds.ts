// SPDX-License-Identifier: Apache-2.0
import { type ConfigAt, type ConfigMark, configFold } from '../../domain/index.js';
import { type Folds, type FoldsDeps, folds } from '../../event-log/index.js';

/** The versions of all workspaces: one for a process, so that whoever asks finds what another has folded. */
export type ConfigFolds = Folds<ConfigAt, ConfigMark>;

export const configFolds = (deps: FoldsDeps): ConfigFolds => folds(deps, configFold);
