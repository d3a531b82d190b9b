// SPDX-License-Identifier: Apache-2.0
import {
  type ConfigAt,
  type ConfigMark,
  type ConfigState,
  copyOfConfig,
  planUndo,
  singleOut,
  type VersionDiff,
  versionReader,
} from '../../domain/index.js';
import type { EventLog, Folds } from '../../event-log/index.js';
import { type Clock, detail, invalid, notFound, pace, streams } from '../../kernel/index.js';
import type { ConfigCause, ConfigFact, WorkspaceEvent } from '../../schemas/index.js';

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

/** One of the changes that a version takes in, by what names it in histories and causes; none: the whole version. */
export interface Single {
  readonly request_id?: string | undefined;
  readonly command_id?: string | undefined;
  readonly event_id?: string | undefined;
}

const chosenBy =
  ({ request_id, command_id, event_id }: Single) =>
  (cause: ConfigCause): boolean =>
    (request_id ?? cause.correlation_id) === cause.correlation_id &&
    (command_id ?? cause.command_id) === cause.command_id &&
    (event_id ?? cause.event_id) === cause.event_id;

const isWhole = (single: Single): boolean => Object.values(single).every((one) => one === undefined);

/** What a version took in, in order. */
async function eventsOf(
  { log, clock }: VersionsDeps,
  workspaceId: string,
  causes: readonly ConfigCause[],
): Promise<readonly WorkspaceEvent[]> {
  const [first, last] = [causes[0], causes.at(-1)];
  const found: WorkspaceEvent[] = [];
  if (first && last) {
    const wanted = new Set(causes.map(({ event_id }) => event_id));
    const range = { from: BigInt(first.revision), to: BigInt(last.revision) };
    const breathe = pace(clock);
    for await (const event of log.read(streams.workspace(workspaceId), range)) {
      if (wanted.has(event.id)) {
        found.push(event as WorkspaceEvent);
      }
      await breathe();
    }
  }
  return found;
}

/** How to take a version, or one change of it, back, and what stands in the way. NOT_FOUND when it was never published. */
export async function undoAt(
  deps: VersionsDeps,
  workspaceId: string,
  version: number,
  single: Single = {},
): Promise<Past & { readonly plan: ReturnType<typeof planUndo> }> {
  const { log, clock, configs } = deps;
  const stream = streams.config(workspaceId);
  const { state, next } = await configs.upTo(stream, (mark) => mark.version < version);
  const later: VersionDiff[] = [];
  let found: { own: VersionDiff; sourceRevision: bigint; ids: ReadonlySet<string> } | undefined;
  const before = isWhole(single) ? undefined : copyOfConfig(state.config);
  const reader = versionReader(state.config, (id) => found?.ids.has(id) ?? true);
  const breathe = pace(clock);
  for await (const event of log.read(stream, { from: next })) {
    const diff = reader.take(event as unknown as ConfigFact);
    if (diff?.version === version) {
      const { own, later: rest } = before
        ? singleOut(
            version,
            before,
            diff.causes,
            await eventsOf(deps, workspaceId, diff.causes),
            chosenBy(single),
          )
        : { own: diff, later: [] };
      if (before && own.causes.length === 0) {
        const [field = 'version'] = Object.keys(single);
        throw invalid([detail(field, 'OUT_OF_RANGE', `Version ${version} takes in nothing of it`)]);
      }
      later.push(...rest);
      const ids = new Set(own.resources.map(({ id }) => id));
      found = { own, sourceRevision: state.config.sourceRevision, ids };
    } else if (found && diff && diff.resources.length > 0) {
      later.push(diff);
    }
    await breathe();
  }
  if (!found) {
    throw notFound('version');
  }
  return { plan: planUndo(found.own, later), sourceRevision: found.sourceRevision };
}
