// SPDX-License-Identifier: Apache-2.0
import { ROLES, type Role } from '../schemas/index.js';

/** What an action takes besides a role: to be signed in, or to be an administrator of the whole installation. */
type Least = Role | 'signed_in' | 'administrator';

/**
 * Action → the least role that it needs, and the scope that an API key needs beside it. A role is one in the
 * organization that the resource belongs to; what belongs to none needs `signed_in` or `administrator`. Without a scope
 * no API key may do it: it is for people. What does not stand here is refused, and a route that names it does not start.
 */
export const POLICY = {
  'organization.list': ['signed_in', 'read:organizations'],
  'organization.create': ['administrator', 'write:organizations'],
  'organization.read': ['viewer', 'read:organizations'],
  'organization.update': ['admin', 'write:organizations'],
  'organization.delete': ['owner', 'write:organizations'],
  'member.list': ['viewer', 'read:members'],
  'member.read': ['viewer', 'read:members'],
  'member.add': ['admin', 'write:members'],
  'member.update': ['admin', 'write:members'],
  'member.remove': ['admin', 'write:members'],
  'member.leave': ['viewer'],
  'workspace_member.list': ['viewer', 'read:members'],
  'workspace_role.set': ['admin', 'write:members'],
  'workspace_role.clear': ['admin', 'write:members'],
  'invitation.list': ['admin', 'read:members'],
  'invitation.create': ['admin', 'write:members'],
  'invitation.revoke': ['admin', 'write:members'],
  'invitation.accept': ['signed_in'],
  'workspace.list': ['viewer', 'read:workspaces'],
  'workspace.create': ['admin', 'write:workspaces'],
  'workspace.read': ['viewer', 'read:workspaces'],
  'workspace.update': ['admin', 'write:workspaces'],
  'workspace.delete': ['admin', 'write:workspaces'],
  'agent.list': ['viewer', 'read:agents'],
  'agent.read': ['viewer', 'read:agents'],
  'agent.update': ['editor', 'write:agents'],
  'agent.delete': ['admin', 'write:agents'],
  'agent.reload': ['editor', 'write:agents'],
  'agent_token.create': ['admin', 'write:agents'],
  'upstream.list': ['viewer', 'read:upstreams'],
  'upstream.read': ['viewer', 'read:upstreams'],
  'upstream.create': ['editor', 'write:upstreams'],
  'upstream.update': ['editor', 'write:upstreams'],
  'upstream.delete': ['editor', 'write:upstreams'],
  'virtual_host.list': ['viewer', 'read:virtual_hosts'],
  'virtual_host.read': ['viewer', 'read:virtual_hosts'],
  'virtual_host.create': ['editor', 'write:virtual_hosts'],
  'virtual_host.update': ['editor', 'write:virtual_hosts'],
  'virtual_host.delete': ['editor', 'write:virtual_hosts'],
  'certificate.list': ['viewer', 'read:certificates'],
  'certificate.read': ['viewer', 'read:certificates'],
  'certificate.create': ['editor', 'write:certificates'],
  'certificate.delete': ['editor', 'write:certificates'],
  'operation.read': ['viewer', 'read:operations'],
  'status.read': ['signed_in', 'read:status'],
  'process_metrics.read': ['administrator', 'admin:system'],
  'change.read': ['viewer', 'read:changes'],
  'user.list': ['administrator', 'admin:system'],
  'user.read': ['administrator', 'admin:system'],
  'user.create': ['administrator', 'admin:system'],
  'user.update': ['administrator', 'admin:system'],
  'user.delete': ['administrator', 'admin:system'],
  'user.end_sessions': ['administrator', 'admin:system'],
  'signing_key.rotate': ['administrator'],
  'me.read': ['signed_in'],
  'me.update': ['signed_in'],
  'me.change_password': ['signed_in'],
  'session.list': ['signed_in'],
  'session.logout': ['signed_in'],
  'session.revoke': ['signed_in'],
  'api_key.list': ['signed_in'],
  'api_key.read': ['signed_in'],
  'api_key.create': ['signed_in'],
  'api_key.revoke': ['signed_in'],
  'audit.read': ['admin', 'read:audit'],
  'audit.read_installation': ['administrator', 'admin:system'],
  'audit.read_key': ['signed_in', 'read:audit'],
  'version.undo': ['editor', 'write:changes'],
  'version.roll_back': ['editor', 'write:changes'],
} as const satisfies Record<string, readonly [least: Least, scope?: string]>;

export type Action = keyof typeof POLICY;

/** The least role and the scope of an action; undefined for what has no policy. */
export const policyOf = (action: Action): readonly [least: Least, scope?: string] | undefined =>
  Object.hasOwn(POLICY, action) ? POLICY[action] : undefined;

/** Whether the action is decided on an organization, so that its handler must ask `allow` before it answers. */
export const needsOrganization = (action: Action): boolean =>
  (ROLES as readonly string[]).includes(POLICY[action][0]);

/** Scopes of what has no route of its own here, or is asked for in another way. */
const MORE_SCOPES = ['read:plugins', 'write:plugins', 'admin:system', 'events:emit', 'events:subscribe'];

/** Every scope that an API key may have. */
export const SCOPES: readonly string[] = [
  ...new Set([
    ...Object.values(POLICY).flatMap((policy: readonly [least: Least, scope?: string]) => policy[1] ?? []),
    ...MORE_SCOPES,
  ]),
].sort();
