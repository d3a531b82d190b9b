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
};
