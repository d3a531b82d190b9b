// SPDX-License-Identifier: Apache-2.0
import { closed, Decimal, Labels, oneOf, Sha256, type Static, Type, Uuid } from '../common.js';
import { Certificate, Upstream, VirtualHost } from '../resources/index.js';

export const CONFIG_KINDS = ['agent', 'certificate', 'upstream', 'virtual_host'] as const;
export type ConfigKind = (typeof CONFIG_KINDS)[number];

/** What a version needs to know of an agent. */
export const AgentLabels = closed({ labels: Labels });
export type AgentLabels = Static<typeof AgentLabels>;

/** One resource as a version has it. An agent stands here with its labels, which decide what it is to run. */
export const ConfigUpsert = Type.Union([
  closed({ kind: Type.Literal('agent'), id: Uuid, resource: AgentLabels }),
  closed({ kind: Type.Literal('certificate'), id: Uuid, resource: Certificate }),
  closed({ kind: Type.Literal('upstream'), id: Uuid, resource: Upstream }),
  closed({ kind: Type.Literal('virtual_host'), id: Uuid, resource: VirtualHost }),
]);
export type ConfigUpsert = Static<typeof ConfigUpsert>;

export const ConfigRemove = closed({ kind: oneOf(...CONFIG_KINDS), id: Uuid });
export type ConfigRemove = Static<typeof ConfigRemove>;

/** What caused a version: the events of the workspace that it takes in. */
export const ConfigCause = closed({
  event_id: Uuid,
  type: Type.String({ maxLength: 64 }),
  revision: Decimal,
  actor: Type.String({ maxLength: 128 }),
  command_id: Type.String({ maxLength: 256 }),
  correlation_id: Type.String({ maxLength: 256 }),
  recorded_at: Type.String({ maxLength: 40 }),
  resource_kind: Type.String({ maxLength: 64 }),
  resource_id: Uuid,
  resource_name: Type.String({ maxLength: 256 }),
  changed: Type.Array(Type.String({ maxLength: 64 }), { maxItems: 64 }),
});
export type ConfigCause = Static<typeof ConfigCause>;

/**
 * Stream `config-<workspace id>`: what was to run, version by version. A version holds the changed resources whole.
 * One larger than 512 kB stands in several parts; it is complete at the last.
 * `targets` names the digest of the resources behind each changed selector (`all`, `selector:…`, `list:…`).
 */
export const configEvents = {
  'config.version_published': closed({
    workspace_id: Uuid,
    version: Type.Integer({ minimum: 1 }),
    part: Type.Integer({ minimum: 1 }),
    parts: Type.Integer({ minimum: 1 }),
    source_revision: Decimal,
    compiler_version: Type.Integer({ minimum: 1 }),
    upserts: Type.Array(ConfigUpsert),
    removes: Type.Array(ConfigRemove),
    targets: Type.Record(Type.String(), Sha256),
    causes: Type.Array(ConfigCause),
  }),
};
