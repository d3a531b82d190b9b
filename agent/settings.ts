// SPDX-License-Identifier: Apache-2.0
import { resolve } from 'node:path';

/** How one agent is run. Everything that has a default below may be left out. */
export interface AgentSettings {
  /** Where the gateway listens: `host:port`. */
  readonly gateway: string;
  /** The folder that belongs to this agent alone; made if missing. */
  readonly stateDir: string;
  /** The registration token; needed until the agent has its certificate, ignored afterwards. */
  readonly token?: string;
  /** Path of the nginx program. */
  readonly nginx?: string;
  /** Web roots that virtual hosts may name: name → absolute path on this host. */
  readonly webRoots?: Readonly<Record<string, string>>;
  /**
   * Attach to an nginx that somebody else starts: its main configuration, which has `include
   * <stateDir>/current/http.conf;` in its `http` block, and its pid file. Without this the agent starts its own nginx.
   */
  readonly attach?: { readonly config: string; readonly pidFile: string };
  /** How long every answer must be the new one before it is called proven. Milliseconds. */
  readonly quietMs?: number;
  /** `nginx -t` is killed after this. Milliseconds. */
  readonly validationTimeoutMs?: number;
  /** A reload that has not been proven by then has failed. Milliseconds. */
  readonly reloadTimeoutMs?: number;
  /** How long workers of an old configuration may take to end their connections. Seconds. */
  readonly workerShutdownSeconds?: number;
  readonly deploymentMode?: 'docker_sidecar' | 'kubernetes_sidecar' | 'standalone';
  /** Told to the control plane; what virtual hosts are chosen by is set there. */
  readonly labels?: Readonly<Record<string, string>>;
  /** The agent's own version, as it is reported. */
  readonly version?: string;
  /** Whether the stop command is obeyed. */
  readonly allowStop?: boolean;
  /**
   * Whether nginx logs its requests for the agent to read. On where the agent starts nginx; off where it is attached,
   * because a log of ours in the foreign `http` block would replace the one that nginx writes by itself.
   */
  readonly accessLog?: boolean;
  /** Size at which the access log is set aside. */
  readonly accessLogBytes?: number;
  /** Access-log records sent to the gateway; beyond it they are counted and left out. */
  readonly logLinesPerSecond?: number;
}

export type FullSettings = Required<Omit<AgentSettings, 'token' | 'attach'>> &
  Pick<AgentSettings, 'token' | 'attach'>;

/** The settings are wrong; the message says which and why. */
export class SettingsError extends Error {}

const ROOT_NAME = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
const ROOT_PATH = /^(\/[A-Za-z0-9._+@-]+)+\/?$/;

export function fullSettings(given: AgentSettings): FullSettings {
  const settings: FullSettings = {
    nginx: '/usr/sbin/nginx',
    webRoots: {},
    quietMs: 300,
    validationTimeoutMs: 10_000,
    reloadTimeoutMs: 10_000,
    workerShutdownSeconds: 600,
    deploymentMode: 'standalone',
    labels: {},
    version: '0.1.0',
    allowStop: true,
    accessLog: given.attach === undefined,
    accessLogBytes: 64 * 1024 * 1024,
    logLinesPerSecond: 1000,
    ...given,
    stateDir: resolve(given.stateDir),
  };
  for (const [name, path] of Object.entries(settings.webRoots)) {
    if (!ROOT_NAME.test(name) || !ROOT_PATH.test(path) || path.split('/').includes('..')) {
      throw new SettingsError(`web root must be name=/absolute/path: ${name}=${path}`);
    }
  }
  for (const [name, path] of [
    ['nginx', settings.nginx],
    ['attach', settings.attach?.config ?? '/'],
    ['pid file', settings.attach?.pidFile ?? '/'],
  ]) {
    if (!path?.startsWith('/')) {
      throw new SettingsError(`${name} must be an absolute path: ${path}`);
    }
  }
  return settings;
}
