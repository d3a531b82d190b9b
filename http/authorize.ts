// SPDX-License-Identifier: Apache-2.0
import { invariant, NxError, notFound } from '../kernel/index.js';

/** Roles in an organization, from the least to the most. */
export const ROLES = ['viewer', 'editor', 'admin', 'owner'] as const;
export type Role = (typeof ROLES)[number];

/** Who asks. `anonymous` stands behind public routes only and may do nothing. */
export interface Principal {
  readonly kind: 'user' | 'anonymous';
  readonly id: string;
  /** Administrator of the whole installation: stands above every organization's roles. */
  readonly isAdmin: boolean;
  /** Organization's id → role in it. */
  readonly roles: Readonly<Record<string, Role>>;
}

export const anonymous: Principal = Object.freeze({
  kind: 'anonymous',
  id: 'anonymous',
  isAdmin: false,
  roles: Object.freeze({}),
});

/**
 * Action → the least that it needs: a role in the organization that the resource belongs to, or, for what belongs to
 * none, `signed_in` or `administrator`. What does not stand here is refused, and a route that names it does not start.
 */
export const POLICY = {
  'organization.list': 'signed_in',
  'organization.create': 'administrator',
  'organization.read': 'viewer',
  'organization.update': 'admin',
  'organization.delete': 'owner',
  'workspace.list': 'viewer',
  'workspace.create': 'admin',
  'workspace.read': 'viewer',
  'workspace.update': 'admin',
  'workspace.delete': 'admin',
  'agent.list': 'viewer',
  'agent.read': 'viewer',
  'agent.update': 'editor',
  'agent.delete': 'admin',
  'agent.reload': 'editor',
  'agent_token.create': 'admin',
  'upstream.list': 'viewer',
  'upstream.read': 'viewer',
  'upstream.create': 'editor',
  'upstream.update': 'editor',
  'upstream.delete': 'editor',
  'virtual_host.list': 'viewer',
  'virtual_host.read': 'viewer',
  'virtual_host.create': 'editor',
  'virtual_host.update': 'editor',
  'virtual_host.delete': 'editor',
  'certificate.list': 'viewer',
  'certificate.read': 'viewer',
  'certificate.create': 'editor',
  'certificate.delete': 'editor',
  'change.read': 'viewer',
} as const satisfies Record<string, Role | 'signed_in' | 'administrator'>;

export type Action = keyof typeof POLICY;

/** Whether the action is decided on an organization, so that its handler must ask `allow` before it answers. */
export const needsOrganization = (action: Action): boolean =>
  (ROLES as readonly string[]).includes(POLICY[action]);

declare const granted: unique symbol;

/** Proof that `authorize` said yes, for one action in one organization. Only `authorize` makes it. */
export interface Grant {
  readonly [granted]: true;
  readonly principal: Principal;
  readonly action: Action;
  /** Undefined for actions that belong to no organization. */
  readonly organizationId: string | undefined;
}

/**
 * The one place where a right is decided; denies what it does not know.
 * A principal without any role in the organization gets NOT_FOUND, as for an id that does not exist;
 * one whose role is too low gets FORBIDDEN; nobody gets UNAUTHORIZED.
 */
export function authorize(principal: Principal, action: Action, at: { organizationId?: string } = {}): Grant {
  if (principal.kind === 'anonymous') {
    throw new NxError('UNAUTHORIZED', 'Authentication required');
  }
  const least = Object.hasOwn(POLICY, action) ? POLICY[action] : undefined;
  invariant(least !== undefined, `no policy for ${action}`);
  if (least === 'signed_in' || least === 'administrator') {
    if (least === 'administrator' && !principal.isAdmin) {
      throw forbidden();
    }
    return grant(principal, action, undefined);
  }
  const { organizationId } = at;
  invariant(organizationId !== undefined, `${action} is decided on an organization`);
  if (principal.isAdmin) {
    return grant(principal, action, organizationId);
  }
  const role = Object.hasOwn(principal.roles, organizationId) ? principal.roles[organizationId] : undefined;
  const rank = role === undefined ? -1 : ROLES.indexOf(role);
  if (rank < 0) {
    throw notFound('Resource');
  }
  if (rank < ROLES.indexOf(least)) {
    throw forbidden();
  }
  return grant(principal, action, organizationId);
}

const forbidden = (): NxError => new NxError('FORBIDDEN', 'Insufficient permissions');

const grant = (principal: Principal, action: Action, organizationId: string | undefined): Grant =>
  ({ principal, action, organizationId }) as Grant;
