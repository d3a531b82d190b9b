// SPDX-License-Identifier: Apache-2.0
import { closed, DisplayName, Labels, oneOf, type Static, Timestamp, Type, Uuid } from '../common.js';

/** An agent as its workspace desires it: what people set. What it reports of itself are facts of its own stream. */
export const EnrolledAgent = closed({
  id: Uuid,
  workspace_id: Uuid,
  name: DisplayName,
  labels: Labels,
  created_at: Timestamp,
  updated_at: Timestamp,
});
export type EnrolledAgent = Static<typeof EnrolledAgent>;

export const DEPLOYMENT_MODES = ['docker_sidecar', 'kubernetes_sidecar', 'standalone'] as const;
export const DeploymentMode = oneOf(...DEPLOYMENT_MODES);

/** What an agent says of itself when it connects. */
export const AgentFacts = closed({
  hostname: Type.String({ maxLength: 253 }),
  ip_address: Type.String({ maxLength: 64 }),
  version: Type.String({ maxLength: 64 }),
  deployment_mode: DeploymentMode,
  capabilities: Type.Array(Type.String({ maxLength: 64 }), { maxItems: 256 }),
  nginx_version: Type.String({ maxLength: 32 }),
});
export type AgentFacts = Static<typeof AgentFacts>;

export const AGENT_STATES = ['online', 'degraded', 'offline'] as const;
export type AgentState = (typeof AGENT_STATES)[number];

/**
 * Why a version did not go live: a closed list, the same in the agent, the log and the API.
 * The agent's own words and nginx's stand beside it.
 */
export const REASONS = [
  'SYNTAX',
  'PORT_IN_USE',
  'CERT_UNREADABLE',
  'CERT_KEY_MISMATCH',
  'HOST_NOT_FOUND',
  'PERMISSION',
  'DISK_FULL',
  'VALIDATION_TIMEOUT',
  'RELOAD_TIMEOUT',
  'WORKER_CRASH',
  'HEALTH_GATE',
  'DIGEST_MISMATCH',
] as const;
export const Reason = oneOf(...REASONS);
export type Reason = (typeof REASONS)[number];

/** The steps of applying a version, in order; `render` is the control plane's, the others the agent's. */
export const STAGES = ['render', 'staged', 'tested', 'linked', 'signalled', 'proven', 'committed'] as const;
export const Stage = oneOf(...STAGES);
export type Stage = (typeof STAGES)[number];
