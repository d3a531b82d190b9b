// SPDX-License-Identifier: Apache-2.0
import type { EventEnvelope, Recorded } from '../../kernel/index.js';
import type { Static } from '../common.js';
import { agentEvents } from './agent.js';
import { auditEvents } from './audit.js';
import { configEvents } from './config.js';
import { customEvents } from './custom.js';
import { organizationEvents, slugEvents } from './organization.js';
import { apiKeyEvents, emailEvents, sessionEvents, userEvents, usernameEvents } from './user.js';
import { workspaceEvents } from './workspace.js';

export { MAX_PARKED, type NginxBuild, ParkedHost, SEVERITIES } from './agent.js';
export * from './config.js';
export * from './custom.js';

/** Every event type with the schema of its data, at its newest version. */
export const eventSchemas = {
  ...organizationEvents,
  ...slugEvents,
  ...workspaceEvents,
  ...configEvents,
  ...agentEvents,
  ...userEvents,
  ...emailEvents,
  ...usernameEvents,
  ...sessionEvents,
  ...apiKeyEvents,
  ...auditEvents,
  ...customEvents,
};

export type EventType = keyof typeof eventSchemas;
export type EventData<T extends EventType> = Static<(typeof eventSchemas)[T]>;

/** The newest schema version of each event type; what is not named is at 1. */
const versions: Partial<Record<EventType, number>> = {
  // Version 2: virtual hosts have `listens`.
  'virtual_host.created': 2,
  'virtual_host.updated': 2,
  'config.version_published': 2,
};
export const schemaVersion = (type: EventType): number => versions[type] ?? 1;

/** An event as a decider makes it, before it has an id and metadata. */
export type Fact<T extends EventType = EventType> = {
  [K in T]: { readonly type: K; readonly data: EventData<K> };
}[T];

/** An event as it is appended. */
export type NewEvent<T extends EventType = EventType> = { [K in T]: EventEnvelope<K, EventData<K>> }[T];

/** An event as it is read. */
export type StoredEvent<T extends EventType = EventType> = {
  [K in T]: EventEnvelope<K, EventData<K>> & Recorded;
}[T];

type Keys<T> = keyof T & EventType;
export type OrganizationFact = Fact<Keys<typeof organizationEvents>>;
export type WorkspaceFact = Fact<Keys<typeof workspaceEvents>>;
export type ConfigFact = Fact<Keys<typeof configEvents>>;
export type AgentStreamFact = Fact<Keys<typeof agentEvents>>;
export type SlugFact = Fact<Keys<typeof slugEvents>>;
export type EmailFact = Fact<Keys<typeof emailEvents>>;
export type CustomEventFact = Fact<Keys<typeof customEvents>>;
export type UsernameFact = Fact<Keys<typeof usernameEvents>>;
export type UserFact = Fact<Keys<typeof userEvents>>;
export type SessionFact = Fact<Keys<typeof sessionEvents>>;
export type ApiKeyFact = Fact<Keys<typeof apiKeyEvents>>;
export type WorkspaceEvent = StoredEvent<Keys<typeof workspaceEvents>>;
export type ConfigEvent = StoredEvent<Keys<typeof configEvents>>;
export type AgentStreamEvent = StoredEvent<Keys<typeof agentEvents>>;
