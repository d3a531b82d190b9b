// SPDX-License-Identifier: Apache-2.0
import { closed, nullable, oneOf, Sha256, type Static, Timestamp, Type, Uuid, Words } from '../common.js';
import { AgentFacts, Reason, Stage } from '../resources/index.js';

const version = Type.Integer({ minimum: 0 });

/** Where a refusal points: the resource and field that the line nginx complained of comes from. */
const Culprit = closed({
  resource_kind: Type.String({ maxLength: 64 }),
  resource_id: Type.String({ maxLength: 64 }),
  resource_name: Type.String({ maxLength: 256 }),
  field: Type.String({ maxLength: 256 }),
});

const Failure = closed({
  version,
  digest: Sha256,
  reason: Reason,
  stage: Stage,
  /** In words for people, naming the resource and the field where known. */
  message: Words,
  /** nginx's own words, tokens that do not stand in the bundle masked. */
  nginx_output: Words,
  culprit: nullable(Culprit),
  duration_ms: Type.Integer({ minimum: 0 }),
  at: Timestamp,
});

/** More hosts than this are not parked one by one: the version is refused whole. */
export const MAX_PARKED = 1000;

/**
 * A host that an agent does not run as desired, while it runs the rest of the version: as it was in `held_version`, or,
 * null, not at all. It stands until the host, or what it refers to, changes (`content`) or somebody asks for a retry.
 */
export const ParkedHost = closed({
  virtual_host_id: Uuid,
  name: Type.String({ maxLength: 256 }),
  content: Sha256,
  held_version: nullable(version),
  /** Not known to be at fault: it waits until the one that is has been found. */
  suspect: Type.Boolean(),
  reason: Reason,
  stage: Stage,
  message: Type.String({ maxLength: 512 }),
});
export type ParkedHost = Static<typeof ParkedHost>;

/** Milliseconds from the delivery of a version to each stage that it passed. */
const Stages = Type.Record(Type.String({ maxLength: 32 }), Type.Integer({ minimum: 0 }));

const LocalPath = Type.String({ maxLength: 512 });

/** All that decides how an nginx is written for. Paths are on the agent's host. */
const NginxBuild = closed({
  nginx_version: Type.String({ maxLength: 32 }),
  modules: Type.Array(Type.String({ maxLength: 64 }), { maxItems: 512 }),
  /** Before every path within the bundle; empty where nginx runs in the agent's own prefix. */
  bundle_prefix: LocalPath,
  /** Name of a web root → its path. */
  web_roots: Type.Record(Type.String({ maxLength: 63 }), LocalPath),
});
export type NginxBuild = Static<typeof NginxBuild>;
export const SEVERITIES = ['info', 'warning', 'error', 'critical'] as const;

/** Something about an agent's host or nginx that people should know. */
const Alert = closed({
  alert_id: Type.String({ minLength: 1, maxLength: 128 }),
  severity: oneOf(...SEVERITIES),
  message: Words,
  /** What was measured and what it was then; null from an agent that does not say. */
  metric: nullable(Type.String({ maxLength: 64 })),
  value: nullable(Type.Number()),
});

export const COMMAND_KINDS = ['reload', 'restart', 'stop', 'status'] as const;

/** Stream `agent-<id>`: facts of one agent. Transitions only; heartbeats and metrics are telemetry, never events. */
export const agentEvents = {
  'agent.connected': closed({ agent_id: Uuid, session_id: Uuid, facts: AgentFacts, at: Timestamp }),
  'agent.disconnected': closed({
    agent_id: Uuid,
    session_id: Uuid,
    reason: oneOf(
      'connection_closed',
      'connection_timeout',
      'superseded',
      'gateway_restarted',
      'removed',
      'protocol_error',
    ),
    at: Timestamp,
  }),
  'config.sent': closed({ agent_id: Uuid, version, digest: Sha256, at: Timestamp }),
  'config.applied': closed({
    agent_id: Uuid,
    version,
    digest: Sha256,
    duration_ms: Type.Integer({ minimum: 0 }),
    stages: Stages,
    at: Timestamp,
  }),
  'config.refused': closed({ agent_id: Uuid, failure: Failure }),
  'config.rolled_back': closed({ agent_id: Uuid, failure: Failure }),
  /** All that is parked from now on; empty once nothing is. */
  'config.parked': closed({
    agent_id: Uuid,
    version,
    hosts: Type.Array(ParkedHost, { maxItems: MAX_PARKED }),
    at: Timestamp,
  }),
  /** nginx has not proven what is desired for longer than it may take; ends with what is applied next. */
  'config.overdue': closed({ agent_id: Uuid, version, digest: Sha256, at: Timestamp }),
  /** What its configuration is rendered for, as the agent said it; again only when that changed. */
  'nginx.reported': closed({ agent_id: Uuid, build: NginxBuild, at: Timestamp }),
  'nginx.started': closed({ agent_id: Uuid, at: Timestamp }),
  'nginx.stopped': closed({ agent_id: Uuid, at: Timestamp }),
  'agent_command.requested': closed({
    agent_id: Uuid,
    command_id: Uuid,
    kind: oneOf(...COMMAND_KINDS),
    at: Timestamp,
  }),
  'agent_command.completed': closed({
    agent_id: Uuid,
    command_id: Uuid,
    success: Type.Boolean(),
    message: Words,
    at: Timestamp,
  }),
  'health.alert_raised': closed({ agent_id: Uuid, alert: Alert, at: Timestamp }),
  /** The alert as it was raised last. */
  'health.alert_cleared': closed({ agent_id: Uuid, alert: Alert, at: Timestamp }),
};
