// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { folder } from './folder.js';
import { agentProcess, type ControlPlane, controlPlane, endNginx } from './nxmesh.js';
import type { Running } from './process.js';
import { until } from './until.js';

export interface AgentPart {
  readonly agent_id: string;
  readonly name: string;
  readonly state: string;
  readonly failure: { readonly reason: string } | null;
}

export interface Member {
  readonly id: string;
  readonly token: string;
  readonly stateDir: string;
  readonly args: readonly string[];
  process: Running;
}

/** A control plane with one workspace and agents, all of them processes that a test may end and start again. */
export async function fleet(name: string, options: { dataDir?: string } = {}) {
  const place = folder(name);
  const dataDir = options.dataDir ?? join(place.path, 'data');
  const logFile = join(place.path, 'control-plane.log');
  const env = { NXMESH_RATE_LIMIT: '1000000' };
  const members: Member[] = [];
  let plane: ControlPlane = await controlPlane(dataDir, { log: logFile, env });
  const organization = await plane.api.ok('POST', '/v1/organizations', { name, slug: name });
  const workspace = await plane.api.ok('POST', `/v1/organizations/${organization.id}/workspaces`, {
    name,
    slug: name,
  });
  const ws = `/v1/workspaces/${workspace.id}`;

  const startAgent = (stateDir: string, args: readonly string[], token?: string): Running =>
    agentProcess({
      gateway: plane.gateway,
      stateDir,
      args,
      log: `${stateDir}.log`,
      ...(token === undefined ? {} : { token }),
    });

  const self = {
    ws,
    place: place.path,
    plane: () => plane,
    /** Ends the control plane and starts it again on the same ports and data. */
    restart: async (signal: NodeJS.Signals = 'SIGKILL') => {
      await plane.process.end(signal);
      plane = await controlPlane(dataDir, { ports: plane.ports, log: logFile, env });
    },
    join: async (
      agent: string,
      labels: Record<string, string>,
      stateDir = join(place.path, agent),
      args: readonly string[] = [],
    ) => {
      const { token, agent_id } = await plane.api.ok('POST', `${ws}/agents/tokens`, { name: agent, labels });
      const member = { id: agent_id, token, stateDir, args, process: startAgent(stateDir, args, token) };
      members.push(member);
      await self.reaches(member, 'online');
      return member;
    },
    startAgain: (member: Member) => {
      member.process = startAgent(member.stateDir, member.args);
    },
    reaches: (member: Member, state: string) =>
      until(
        `the agent is ${state}`,
        async () => (await plane.api.ok('GET', `/v1/agents/${member.id}`)).state === state,
        60_000,
        50,
      ),
    /** A write; `settled` waits until no agent is under way with the version that took it in. */
    change: async (method: string, path: string, body?: unknown) => {
      const answer = await plane.api.request(method, path, body);
      if (answer.status >= 300) {
        throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
      }
      const requestId = answer.headers.get('x-request-id');
      return { body: answer.body, settled: () => settledBy(requestId) };
    },
    settledBy: (requestId: string | null) => settledBy(requestId),
    logs: () =>
      [logFile, ...members.map(({ stateDir }) => `${stateDir}.log`)].map((path) =>
        readFileSync(path, 'utf8'),
      ),
    nginxPid: (member: Member) => Number(readFileSync(join(member.stateDir, 'run', 'nginx.pid'), 'utf8')),
    end: async () => {
      for (const member of members) {
        await member.process.end('SIGKILL');
        await endNginx(member.stateDir);
      }
      await plane.process.end('SIGKILL');
      place.remove();
    },
  };

  const settledBy = (requestId: string | null): Promise<{ version: number; agents: readonly AgentPart[] }> =>
    until(
      `the version of ${requestId} is settled`,
      async () => {
        const { data } = await plane.api.ok('GET', `${ws}/changes?per_page=20`);
        const found = data.find(({ changes }: { changes: { request_id: string }[] }) =>
          changes.some((one) => one.request_id === requestId),
        );
        const change = found && (await plane.api.ok('GET', `${ws}/changes/${found.version}`));
        const under = (one: AgentPart): boolean => ['pending', 'sent'].includes(one.state);
        return change && !change.agents.some(under) && change;
      },
      60_000,
      50,
    );
  return self;
}
