// SPDX-License-Identifier: Apache-2.0
import type { Api } from '../test/harness/api.js';
import { until } from '../test/harness/until.js';
import { say, table } from './print.js';

interface AgentPart {
  agent_id: string;
  name: string;
  state: string;
  duration_ms: number | null;
  failure: { reason: string; stage: string; message: string } | null;
}

export interface Change {
  version: number;
  changes: {
    kind: string;
    name: string;
    action: string;
    fields: string[];
    actor: string;
    request_id: string;
  }[];
  agents: AgentPart[];
}

export const latest = async (api: Api, workspaceId: string): Promise<number> =>
  (await api.ok('GET', `/v1/workspaces/${workspaceId}/changes?per_page=1`)).data[0]?.version ?? 0;

/** Waits until no agent is under way with the newest version any more. */
export const settled = (api: Api, workspaceId: string, from: number): Promise<Change> =>
  until(
    `version ${from + 1} or later is settled on all agents`,
    async () => {
      const version = await latest(api, workspaceId);
      if (version <= from) {
        return undefined;
      }
      const change: Change = await api.ok('GET', `/v1/workspaces/${workspaceId}/changes/${version}`);
      return change.agents.every((one) => !['pending', 'sent'].includes(one.state)) ? change : undefined;
    },
    30_000,
    100,
  );

/** Tells every version: what changed, who asked, and what each agent made of it. */
export async function tell(api: Api, workspaceId: string): Promise<void> {
  const newest = await latest(api, workspaceId);
  const rows = [['version', 'what changed', 'request', 'on each agent']];
  for (let version = 1; version <= newest; version += 1) {
    const change: Change = await api.ok('GET', `/v1/workspaces/${workspaceId}/changes/${version}`);
    const what = change.changes
      .map(
        ({ action, kind, name, fields }) =>
          `${kind} ${name} ${action}${fields.length > 0 ? ` (${fields.join(', ')})` : ''}`,
      )
      .join('; ');
    const agents = change.agents.map(({ name, state, duration_ms, failure }) =>
      failure
        ? `${name}: ${state} ${failure.reason}`
        : `${name}: ${state}${duration_ms === null ? '' : ` in ${duration_ms} ms`}`,
    );
    rows.push([`v${version}`, what, change.changes[0]?.request_id ?? '', agents.join(', ')]);
  }
  table(rows);
  say('');
}
