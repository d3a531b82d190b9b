// SPDX-License-Identifier: Apache-2.0
import * as assert from 'uvu/assert';
import type { Acknowledged } from './child.harness.js';
import { logFiles } from './files.js';
import { lookAt } from './look.js';
import { walkChain } from './walk.js';

/**
 * Reads a log at rest with its chain and asserts that revisions have no gaps, that no id stands twice, and that every
 * acknowledged event stands where it was said to stand. Gives the number of events.
 */
export function assertStored(path: string, acknowledged: readonly Acknowledged[]): number {
  const look = lookAt(logFiles(path));
  const byId = new Map<string, Acknowledged>();
  const heads = new Map<string, number>();
  try {
    for (const batch of walkChain(look.open(), 0)) {
      for (const { id, stream, revision, position } of batch) {
        assert.not(byId.has(id), `event ${id} stands twice`);
        byId.set(id, { id, stream, revision, position });
        assert.is(revision, (heads.get(stream) ?? -1) + 1, `revision in ${stream}`);
        heads.set(stream, revision);
      }
    }
  } finally {
    look.close();
  }
  for (const event of acknowledged) {
    assert.equal(byId.get(event.id), event, `acknowledged event ${event.id}`);
  }
  return byId.size;
}
