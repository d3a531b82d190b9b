// SPDX-License-Identifier: Apache-2.0
import { type VersionDoc, versionId } from '../changes.js';
import type { Reader } from '../reader.js';
import type { RecordDoc } from '../records/index.js';

/** The version that takes an event of a workspace in; undefined when none does, or none has yet. */
export async function versionOf(
  reader: Reader,
  { workspace_id, revision, event_id }: RecordDoc,
): Promise<VersionDoc | undefined> {
  if (workspace_id === null) {
    return undefined;
  }
  const newest = await reader.find('versions', {
    where: { workspace_id },
    orderBy: 'number',
    descending: true,
    limit: 1,
    count: false,
  });
  let [low, high] = [1, newest.items[0]?.number ?? 0];
  let found: VersionDoc | undefined;
  // Versions take in the workspace's revisions in their order.
  while (low <= high) {
    const middle = (low + high) >> 1;
    const version = await reader.get('versions', versionId(workspace_id, middle));
    if (version && BigInt(version.source_revision) >= BigInt(revision)) {
      found = version;
      high = middle - 1;
    } else {
      low = middle + 1;
    }
  }
  return found?.causes.some((cause) => cause.event_id === event_id) ? found : undefined;
}
