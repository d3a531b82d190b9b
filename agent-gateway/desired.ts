// SPDX-License-Identifier: Apache-2.0
import {
  type ConfigState,
  evolveConfig,
  type Holding,
  initialConfig,
  isComplete,
  keyMatches,
} from '../domain/index.js';
import { canonicalJson } from '../kernel/index.js';
import type { Bundle, Bundler, Capabilities } from '../nginx/index.js';
import type { ConfigFact, StoredEvent } from '../schemas/index.js';
import type { Identity } from './identity.js';
import { type Moment, moment, type Rendering } from './rendering.js';
import { shelf } from './shelf.js';

/** A connected agent, as far as it decides what is desired of it. */
export interface Member {
  readonly identity: Identity;
  /** Undefined for an agent that takes no files, only the structured fields. */
  readonly capabilities: Capabilities | undefined;
  /** The hosts that it is not to run as desired; asked at each `join` and `hold`. */
  holding(): Holding;
  /** Called at each version that touches the agent; undefined while nothing is known to be desired. */
  desire(rendering: Rendering, version: number): void;
  /** The agent was taken out of its workspace. */
  removed(): void;
}

/** What every connected agent is to run, from the `config` streams. */
export interface Desired {
  apply(event: StoredEvent): void;
  /** Calls `desire` at once if something is known; what it returns ends the membership. */
  join(member: Member): () => void;
  /** What the member is not to run has changed: calls `desire` with what it is to run now. */
  hold(member: Member): void;
  isRemoved(agent: Identity): boolean;
  /** A bundle that was desired of somebody not long ago: what a delta starts from. */
  bundle(digest: string): Bundle | undefined;
}

/** Agents with the same labels and capabilities, of which the same is held back: what one of them is to run, all are. */
interface Group {
  readonly labels: Readonly<Record<string, string>>;
  readonly lists: readonly string[];
  readonly holding: Holding;
  readonly members: Set<Member>;
  rendering: Rendering;
  /** The version that touched it last. */
  version: number;
}

interface Workspace {
  readonly config: ConfigState;
  /** Its own: it keeps what did not change since the workspace was looked at last. */
  readonly bundler: Bundler;
  /** Version that touched each target, and each agent's labels, last. */
  readonly touched: Map<string, number>;
  readonly labelled: Map<string, number>;
  readonly lists: Map<string, string[]>;
  readonly removed: Set<string>;
  readonly members: Map<string, Member>;
  readonly groups: Map<string, Group>;
  readonly placed: Map<Member, { group: Group; key: string }>;
  /** Between two parts of a version: its keys and agents so far. */
  partial: { keys: Set<string>; agents: Set<string> } | undefined;
  compilerSince: number;
  now: Moment | undefined;
}

const newWorkspace = (bundler: Bundler): Workspace => ({
  config: initialConfig(),
  bundler,
  touched: new Map(),
  labelled: new Map(),
  lists: new Map(),
  removed: new Set(),
  members: new Map(),
  groups: new Map(),
  placed: new Map(),
  partial: undefined,
  compilerSince: 0,
  now: undefined,
});

const isConfigFact = (event: StoredEvent): event is StoredEvent & ConfigFact =>
  event.type === 'config.version_published';

export function desired(newBundler: () => Bundler): Desired {
  const workspaces = new Map<string, Workspace>();
  const bundles = shelf();
  const of = (workspaceId: string): Workspace => {
    const known = workspaces.get(workspaceId) ?? newWorkspace(newBundler());
    workspaces.set(workspaceId, known);
    return known;
  };
  const render = (
    workspace: Workspace,
    group: Pick<Group, 'labels' | 'holding'>,
    member: Member,
  ): Rendering => {
    workspace.now ??= moment(workspace.bundler, workspace.config);
    const agent = { id: member.identity.agentId, labels: group.labels };
    const rendering = workspace.now.render(agent, member.capabilities, group.holding);
    if (rendering.kind === 'bundle') {
      bundles.put(rendering.bundle);
    }
    return rendering;
  };

  const leave = (workspace: Workspace, member: Member): void => {
    const place = workspace.placed.get(member);
    workspace.placed.delete(member);
    place?.group.members.delete(member);
    if (place?.group.members.size === 0) {
      workspace.groups.delete(place.key);
    }
  };

  /** Puts a member where its labels belong; undefined while it has none. */
  const place = (workspace: Workspace, member: Member): Group | undefined => {
    leave(workspace, member);
    const { agentId } = member.identity;
    const labels = workspace.config.agents.get(agentId)?.labels;
    if (!labels) {
      return undefined;
    }
    const lists = workspace.lists.get(agentId) ?? [];
    const holding = member.holding();
    const key = canonicalJson([labels, lists, member.capabilities ?? null, holding.key]);
    let group = workspace.groups.get(key);
    if (!group) {
      const versions = [...workspace.touched]
        .filter(([target]) => keyMatches(target, agentId, labels))
        .map(([, version]) => version);
      group = {
        labels,
        lists,
        holding,
        members: new Set(),
        rendering: render(workspace, { labels, holding }, member),
        version: versions.reduce((a, b) => Math.max(a, b), workspace.compilerSince),
      };
      workspace.groups.set(key, group);
    }
    group.members.add(member);
    workspace.placed.set(member, { group, key });
    return group;
  };

  const tell = (workspace: Workspace, group: Group, member: Member): void => {
    const labelled = workspace.labelled.get(member.identity.agentId) ?? 0;
    member.desire(group.rendering, Math.max(group.version, labelled));
  };

  const complete = (workspace: Workspace, keys: ReadonlySet<string>, agents: ReadonlySet<string>): void => {
    workspace.now = undefined;
    const moved = new Map<Member, Group>();
    for (const agentId of agents) {
      const member = workspace.members.get(agentId);
      if (member && workspace.removed.has(agentId)) {
        leave(workspace, member);
        member.removed();
      } else if (member) {
        const group = place(workspace, member);
        if (group) {
          moved.set(member, group);
        }
      }
    }
    const { version } = workspace.config;
    for (const group of workspace.groups.values()) {
      const touched =
        workspace.compilerSince === version ||
        [...keys].some((key) =>
          key.startsWith('list:') ? group.lists.includes(key) : keyMatches(key, '', group.labels),
        );
      const [first] = group.members;
      if (touched && first) {
        group.rendering = render(workspace, group, first);
        group.version = version;
        for (const member of group.members) {
          moved.delete(member);
          tell(workspace, group, member);
        }
      }
    }
    for (const [member, group] of moved) {
      tell(workspace, group, member);
    }
  };

  const fold = (workspace: Workspace, fact: ConfigFact): void => {
    const { version, upserts, removes, targets, compiler_version } = fact.data;
    workspace.partial ??= { keys: new Set(), agents: new Set() };
    const { partial } = workspace;
    const before = workspace.config.compilerVersion;
    evolveConfig(workspace.config, fact);
    for (const { kind, id } of upserts) {
      if (kind === 'agent') {
        workspace.removed.delete(id);
        workspace.labelled.set(id, version);
        partial.agents.add(id);
      }
    }
    for (const { kind, id } of removes) {
      if (kind === 'agent') {
        workspace.removed.add(id);
        partial.agents.add(id);
      }
    }
    for (const key of Object.keys(targets)) {
      workspace.touched.set(key, version);
      partial.keys.add(key);
      for (const id of key.startsWith('list:') ? key.slice(5).split(',') : []) {
        const lists = workspace.lists.get(id) ?? [];
        if (!lists.includes(key)) {
          workspace.lists.set(id, [...lists, key].sort());
          partial.agents.add(id);
        }
      }
    }
    if (isComplete(fact)) {
      workspace.compilerSince = compiler_version === before ? workspace.compilerSince : version;
      workspace.partial = undefined;
      complete(workspace, partial.keys, partial.agents);
    }
  };

  const seat = (workspace: Workspace, member: Member): void => {
    // Between two parts of a version nothing may be read: the last part brings the member in.
    if (workspace.partial) {
      workspace.partial.agents.add(member.identity.agentId);
      return;
    }
    const group = place(workspace, member);
    if (group) {
      tell(workspace, group, member);
    }
  };

  return {
    apply: (event) => {
      if (isConfigFact(event)) {
        fold(of(event.data.workspace_id), event);
      }
    },
    join: (member) => {
      const workspace = of(member.identity.workspaceId);
      workspace.members.set(member.identity.agentId, member);
      seat(workspace, member);
      return () => {
        leave(workspace, member);
        if (workspace.members.get(member.identity.agentId) === member) {
          workspace.members.delete(member.identity.agentId);
        }
      };
    },
    hold: (member) => {
      const workspace = of(member.identity.workspaceId);
      if (workspace.members.get(member.identity.agentId) === member) {
        seat(workspace, member);
      }
    },
    isRemoved: ({ workspaceId, agentId }) => workspaces.get(workspaceId)?.removed.has(agentId) ?? false,
    bundle: (digest) => bundles.get(digest),
  };
}
