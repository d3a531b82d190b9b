// SPDX-License-Identifier: Apache-2.0
import { conflict } from '../kernel/index.js';

/** An id follows from the command that creates it: one that is there already belongs to an earlier copy of it. */
export function refuseKnown(known: ReadonlyMap<string, unknown>, id: string): void {
  if (known.has(id)) {
    throw conflict('This request was answered before');
  }
}
