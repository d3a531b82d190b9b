// SPDX-License-Identifier: Apache-2.0
import type { Action } from '../../http/index.js';
import type { EventType } from '../../schemas/index.js';

/**
 * What the feed shows: event → the right to read what it is about. What does not stand here is shown to nobody:
 * people, their sessions and keys, addresses, reservations, and every type that is yet to come.
 */
export const FEED = {
  'organization.created': 'organization.read',
  'organization.updated': 'organization.read',
  'organization.deleted': 'organization.read',
  'workspace.created': 'workspace.read',
  'workspace.updated': 'workspace.read',
  'workspace.deleted': 'workspace.read',
  'agent.enrolled': 'agent.read',
  'agent.registered': 'agent.read',
  'agent.updated': 'agent.read',
  'agent.removed': 'agent.read',
  'agent.connected': 'agent.read',
  'agent.disconnected': 'agent.read',
  'agent_command.requested': 'agent.read',
  'agent_command.completed': 'agent.read',
  'config.version_published': 'change.read',
  'config.sent': 'agent.read',
  'config.applied': 'agent.read',
  'config.refused': 'agent.read',
  'config.rolled_back': 'agent.read',
  'config.parked': 'agent.read',
  'config.overdue': 'agent.read',
  'health.alert_raised': 'agent.read',
  'health.alert_cleared': 'agent.read',
  'nginx.started': 'agent.read',
  'nginx.stopped': 'agent.read',
  'upstream.created': 'upstream.read',
  'upstream.updated': 'upstream.read',
  'upstream.deleted': 'upstream.read',
  'virtual_host.created': 'virtual_host.read',
  'virtual_host.updated': 'virtual_host.read',
  'virtual_host.deleted': 'virtual_host.read',
  'certificate.uploaded': 'certificate.read',
  'certificate.deleted': 'certificate.read',
  'certificate.requested': 'certificate.read',
  'certificate.order_created': 'certificate.read',
  'certificate.challenge_ready': 'certificate.read',
  'certificate.issued': 'certificate.read',
  'certificate.failed': 'certificate.read',
  'certificate.renewal_due': 'certificate.read',
  'custom_event.emitted': 'event.list',
} as const satisfies { readonly [T in EventType]?: Action };

export type FeedType = keyof typeof FEED;

export const feedTypes = Object.keys(FEED) as FeedType[];

/** An alert is called as the specification calls it; an emitted event as its emitter does. */
const SHOWN_AS: { readonly [T in FeedType]?: string } = { 'health.alert_raised': 'health.alert' };

/** The names that subscribers see. */
export const shownType = (type: FeedType): string => SHOWN_AS[type] ?? type;

const shownTypes = feedTypes.filter((type) => type !== 'custom_event.emitted').map(shownType);

const subjects = new Set(shownTypes.map((type) => type.split('.')[0]));

/** Whether a pattern begins as our own types do and means none of them: a slip of whoever wrote it. */
export const meansNothing = (pattern: string): boolean =>
  subjects.has(pattern.split('.')[0]) && !shownTypes.some((type) => fits(pattern, type));

/** `*`, `agent.*`, `agent.connected`. */
export const fits = (pattern: string, type: string): boolean =>
  pattern === type || pattern === '*' || (pattern.endsWith('.*') && type.startsWith(pattern.slice(0, -1)));
