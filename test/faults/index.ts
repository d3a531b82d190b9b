// SPDX-License-Identifier: Apache-2.0
import { clocks } from './clocks.js';
import type { Experiment } from './experiment.js';
import { hosts } from './hosts.js';
import { models } from './models.js';
import { projectors } from './projectors.js';
import { servers } from './servers.js';
import { wire } from './wire.js';
import { writers } from './writers.js';

/** In the order of their numbers. */
export const experiments: readonly Experiment[] = [
  ...writers,
  ...clocks,
  ...projectors,
  ...models,
  ...wire,
  ...servers,
  ...hosts,
].sort((a, b) => (a.id < b.id ? -1 : 1));
