// SPDX-License-Identifier: Apache-2.0
import { type ConfigState, planUndo, type VersionDiff, versionReader } from '../../domain/index.js';
import type { EventLog } from '../../event-log/index.js';
import { notFound, streams } from '../../kernel/index.js';
import type { ConfigFact } from '../../schemas/index.js';

/** What taking a workspace back to a version needs of its versions. */
export interface Past {
  /** Revision of the workspace's stream up to which the version takes everything in. */
  readonly sourceRevision: bigint;
}

/** The resources of a version. NOT_FOUND when it was never published. */
export async function targetAt(
  log: EventLog,
  workspaceId: string,
  version: number,
): Promise<Past & { readonly target: ConfigState }> {
  const reader = versionReader();
  for await (const event of log.read(streams.config(workspaceId))) {
    if (reader.take(event as unknown as ConfigFact)?.version === version) {
      return { target: reader.state, sourceRevision: reader.state.sourceRevision };
    }
  }
  throw notFound('version');
}

/** How to take a version back, and what stands in the way. NOT_FOUND when it was never published. */
export async function undoAt(
  log: EventLog,
  workspaceId: string,
  version: number,
): Promise<Past & { readonly plan: ReturnType<typeof planUndo> }> {
  const reader = versionReader();
  const later: VersionDiff[] = [];
  let found: { diff: VersionDiff; sourceRevision: bigint } | undefined;
  for await (const event of log.read(streams.config(workspaceId))) {
    const diff = reader.take(event as unknown as ConfigFact);
    if (diff?.version === version) {
      found = { diff, sourceRevision: reader.state.sourceRevision };
    } else if (found && diff) {
      later.push(diff);
    }
  }
  if (!found) {
    throw notFound('version');
  }
  return { plan: planUndo(found.diff, later), sourceRevision: found.sourceRevision };
}
