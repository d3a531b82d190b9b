// SPDX-License-Identifier: Apache-2.0
import {
  type ConfigAt,
  type ConfigMark,
  type ConfigState,
  planUndo,
  type VersionDiff,
  versionReader,
} from '../../domain/index.js';
import type { EventLog, Folds } from '../../event-log/index.js';
import { type Clock, notFound, pace, streams } from '../../kernel/index.js';
import type { ConfigFact } from '../../schemas/index.js';

/** What taking a workspace back to a version needs of its versions. */
export interface Past {
  /** Revision of the workspace's stream up to which the version takes everything in. */
  readonly sourceRevision: bigint;
}

export interface VersionsDeps {
  readonly log: Pick<EventLog, 'read'>;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly configs: Folds<ConfigAt, ConfigMark>;
}

/** Revision of the workspace's stream up to which its newest version takes everything in. */
export async function newestAt({ configs }: VersionsDeps, workspaceId: string): Promise<bigint> {
  const { state } = await configs.upTo(streams.config(workspaceId), () => true);
  return state.config.sourceRevision;
}

/** The resources of a version. NOT_FOUND when it was never published. */
export async function targetAt(
  { configs }: VersionsDeps,
  workspaceId: string,
  version: number,
): Promise<Past & { readonly target: ConfigState }> {
  const { state } = await configs.upTo(streams.config(workspaceId), (mark) => mark.version <= version);
  if (state.config.version !== version) {
    throw notFound('version');
  }
  return { target: state.config, sourceRevision: state.config.sourceRevision };
}

/** How to take a version back, and what stands in the way. NOT_FOUND when it was never published. */
export async function undoAt(
  { log, clock, configs }: VersionsDeps,
  workspaceId: string,
  version: number,
): Promise<Past & { readonly plan: ReturnType<typeof planUndo> }> {
  const stream = streams.config(workspaceId);
  const { state, next } = await configs.upTo(stream, (mark) => mark.version < version);
  const later: VersionDiff[] = [];
  let found: { diff: VersionDiff; sourceRevision: bigint; ids: ReadonlySet<string> } | undefined;
  const reader = versionReader(state.config, (id) => found?.ids.has(id) ?? true);
  const breathe = pace(clock);
  for await (const event of log.read(stream, { from: next })) {
    const diff = reader.take(event as unknown as ConfigFact);
    if (diff?.version === version) {
      const ids = new Set(diff.resources.map(({ id }) => id));
      found = { diff, sourceRevision: state.config.sourceRevision, ids };
    } else if (found && diff && diff.resources.length > 0) {
      later.push(diff);
    }
    await breathe();
  }
  if (!found) {
    throw notFound('version');
  }
  return { plan: planUndo(found.diff, later), sourceRevision: found.sourceRevision };
}
