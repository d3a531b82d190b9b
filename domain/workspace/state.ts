// SPDX-License-Identifier: Apache-2.0
import { type Socket, socketsOf } from '../../nginx/index.js';
import type {
  Certificate,
  EnrolledAgent,
  Issuance,
  Upstream,
  VirtualHost,
  Workspace,
} from '../../schemas/index.js';

export interface Enrolment {
  readonly agent: EnrolledAgent;
  readonly tokenSha256: string;
  readonly tokenExpiresAt: string;
  /** SHA-256 of the public key that the token was exchanged for. */
  readonly publicKeySha256?: string;
}

/** All desired state of a workspace, and the indexes that its rules ask. */
export interface WorkspaceState {
  workspace: Workspace | undefined;
  existed: boolean;
  readonly agents: Map<string, Enrolment>;
  readonly upstreams: Map<string, Upstream>;
  readonly virtualHosts: Map<string, VirtualHost>;
  readonly certificates: Map<string, Certificate>;
  /** Where issuing stands, of those that are issued. */
  readonly issuances: Map<string, Issuance>;
  /**
   * `<port> <name>` → hosts that answer to it; `<port> tls` and `<port> plain` → hosts that listen so;
   * `upstream <name>` → the upstream that is called so.
   */
  readonly claims: Map<string, Set<string>>;
}

export const initial = (): WorkspaceState => ({
  workspace: undefined,
  existed: false,
  agents: new Map(),
  upstreams: new Map(),
  virtualHosts: new Map(),
  certificates: new Map(),
  issuances: new Map(),
  claims: new Map(),
});

/** The names that a host answers to, each with each of its ports, whatever the address. */
export const nameClaims = (host: VirtualHost): string[] => {
  const names = host.server_name.split(' ');
  return portsOf(host).flatMap(({ port }) => names.map((name) => `${port} ${name}`));
};

/** The ports of a host, each once, with the socket that it is of first. */
export function portsOf(host: VirtualHost): readonly Socket[] {
  const ports = new Map<number, Socket>();
  for (const socket of socketsOf(host)) {
    if (!ports.has(socket.port)) {
      ports.set(socket.port, socket);
    }
  }
  return [...ports.values()];
}

/** How a host listens on its port: TLS and plain HTTP exclude each other. */
export const portClaim = (port: number, tls: boolean): string => `${port} ${tls ? 'tls' : 'plain'}`;

export const claimsOf = (host: VirtualHost): string[] => [
  ...nameClaims(host),
  ...portsOf(host).map(({ port, ssl }) => portClaim(port, ssl)),
];

/** Who has a name among upstreams. */
export const upstreamClaim = (name: string): string => `upstream ${name}`;

function claim(state: WorkspaceState, id: string, claims: readonly string[]): void {
  for (const one of claims) {
    const holders = state.claims.get(one) ?? new Set();
    state.claims.set(one, holders.add(id));
  }
}

function unclaim(state: WorkspaceState, id: string, claims: readonly string[]): void {
  for (const one of claims) {
    const holders = state.claims.get(one);
    holders?.delete(id);
    if (holders?.size === 0) {
      state.claims.delete(one);
    }
  }
}

export function putUpstream(state: WorkspaceState, upstream: Upstream): void {
  dropUpstream(state, upstream.id);
  state.upstreams.set(upstream.id, upstream);
  claim(state, upstream.id, [upstreamClaim(upstream.name)]);
}

export function dropUpstream(state: WorkspaceState, id: string): void {
  const upstream = state.upstreams.get(id);
  if (upstream) {
    state.upstreams.delete(id);
    unclaim(state, id, [upstreamClaim(upstream.name)]);
  }
}

export function putHost(state: WorkspaceState, host: VirtualHost): void {
  dropHost(state, host.id);
  state.virtualHosts.set(host.id, host);
  claim(state, host.id, claimsOf(host));
}

export function dropHost(state: WorkspaceState, id: string): void {
  const host = state.virtualHosts.get(id);
  if (host) {
    state.virtualHosts.delete(id);
    unclaim(state, id, claimsOf(host));
  }
}
