// SPDX-License-Identifier: Apache-2.0
/** What was to run, version by version, read from the log: a version is a fold, and what was rendered is rendered again. */
import type { ConfigAt, ConfigMark } from '../../domain/index.js';
import { type EventLog, type FoldsDeps, folds } from '../../event-log/index.js';
import { type Position, type Revision, streams } from '../../kernel/index.js';
import { type AgentAt, agentFold } from './agent.js';
import type { ConfigFolds } from './folds.js';
import { type PeopleAt, peopleFold } from './people.js';

/** The past as the log has it. What it gives is the caller's own. */
export interface Past {
  /** Where an event stands; undefined when the stream does not go so far. */
  positionOf(stream: string, revision: Revision): Promise<Position | undefined>;
  /** Those of the versions that were published, whole. */
  versions(workspaceId: string, wanted: readonly number[]): Promise<ReadonlyMap<number, ConfigAt>>;
  /** The version that was desired at a position; undefined before the first. */
  versionAt(workspaceId: string, position: Position): Promise<ConfigAt | undefined>;
  agentAt(agentId: string, position: Position): Promise<AgentAt>;
  /** The members and the open invitations of an organization. */
  peopleAt(organizationId: string, position: Position): Promise<PeopleAt>;
}

export interface PastDeps extends FoldsDeps {
  readonly log: Pick<EventLog, 'read'>;
  readonly configs: ConfigFolds;
}

/** What the gateway says of a proof comes after it, though it was so before. */
async function parkedNext(log: PastDeps['log'], stream: string, from: Revision) {
  for await (const event of log.read(stream, { from, limit: 4 })) {
    if (event.type === 'config.parked') {
      return [event.data.hosts];
    }
    if (event.type.startsWith('config.')) {
      break;
    }
  }
  return [];
}

export function past(deps: PastDeps): Past {
  const { log, configs } = deps;
  const agents = folds(deps, agentFold, { maxBytes: 8 * 1024 * 1024 });
  const people = folds(deps, peopleFold, { maxBytes: 8 * 1024 * 1024 });

  async function versionWithin(
    workspaceId: string,
    within: (mark: ConfigMark) => boolean,
  ): Promise<ConfigAt | undefined> {
    const { state } = await configs.upTo(streams.config(workspaceId), within);
    return state.config.version === 0 ? undefined : state;
  }

  return {
    positionOf: async (stream, revision) => {
      for await (const event of log.read(stream, { from: revision, to: revision })) {
        return event.position;
      }
      return undefined;
    },
    versions: async (workspaceId, wanted) => {
      const found = new Map<number, ConfigAt>();
      for (const version of wanted) {
        const one = await versionWithin(workspaceId, (mark) => mark.version <= version);
        if (one?.config.version === version) {
          found.set(version, one);
        }
      }
      return found;
    },
    versionAt: (workspaceId, position) => versionWithin(workspaceId, (mark) => mark.position <= position),
    agentAt: async (agentId, position) => {
      const stream = streams.agent(agentId);
      const { state, next } = await agents.upTo(stream, (mark) => mark <= position);
      const { provenWith } = state.milestones;
      if (provenWith?.parked.length !== 1) {
        return { state: state.state, ...state.milestones };
      }
      const said = await parkedNext(log, stream, next);
      const parked = [...provenWith.parked, ...said];
      return { state: state.state, ...state.milestones, provenWith: { ...provenWith, parked } };
    },
    peopleAt: async (organizationId, position) => {
      const stream = streams.organization(organizationId);
      const { members, invitations } = (await people.upTo(stream, (mark) => mark <= position)).state;
      return { members: [...members.values()], invitations: [...invitations.values()] };
    },
  };
}
