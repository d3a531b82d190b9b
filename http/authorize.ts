// SPDX-License-Identifier: Apache-2.0
import { invariant, NxError, notFound } from '../kernel/index.js';
import { ROLES, type Role } from '../schemas/index.js';
import { type Action, policyOf } from './policy.js';

/** Who asks. `anonymous` stands behind public routes only and may do nothing. */
export interface Principal {
  readonly kind: 'user' | 'api_key' | 'anonymous';
  /** Of the user or of the API key. */
  readonly id: string;
  /** The person behind it: the user, or whoever made the API key. */
  readonly userId: string;
  /** Administrator of the whole installation: stands above every organization's roles. */
  readonly isAdmin: boolean;
  /** Organization's id → role in it. */
  readonly roles: Readonly<Record<string, Role>>;
  /** Workspace's id → what is left there of the role in its organization; `none` hides the workspace. */
  readonly workspaceRoles: Readonly<Record<string, Role | 'none'>>;
  /** The session that the access token belongs to; undefined for an API key. */
  readonly sessionId?: string;
  /** What an API key may do of what its maker may; undefined for a person. */
  readonly scopes?: readonly string[];
  /** The one organization that an API key is for; undefined where it is for all of its maker's. */
  readonly organizationId?: string;
}

export const anonymous: Principal = Object.freeze({
  kind: 'anonymous',
  id: 'anonymous',
  userId: 'anonymous',
  isAdmin: false,
  roles: Object.freeze({}),
  workspaceRoles: Object.freeze({}),
});

/** Where an action is decided: undefined parts are those that it does not belong to. */
export interface Place {
  readonly organizationId?: string;
  readonly workspaceId?: string;
}

declare const granted: unique symbol;

/** Proof that `authorize` said yes, for one action at one place. Only `authorize` makes it. */
export interface Grant extends Place {
  readonly [granted]: true;
  readonly principal: Principal;
  readonly action: Action;
}

/**
 * The one place where a right is decided; denies what it does not know.
 * A principal without any role in the organization or the workspace gets NOT_FOUND, as for an id that does not exist;
 * one whose role or scopes do not reach gets FORBIDDEN; nobody gets UNAUTHORIZED.
 */
export function authorize(principal: Principal, action: Action, at: Place = {}): Grant {
  if (principal.kind === 'anonymous') {
    throw new NxError('UNAUTHORIZED', 'Authentication required');
  }
  const policy = policyOf(action);
  invariant(policy !== undefined, `no policy for ${action}`);
  const [least, scope] = policy;
  if (least === 'signed_in' || least === 'administrator') {
    // A key for one organization is for nothing beyond it.
    const mayBeyond = principal.isAdmin && principal.organizationId === undefined;
    if (least === 'administrator' && !mayBeyond) {
      throw forbidden();
    }
  } else {
    const { organizationId } = at;
    invariant(organizationId !== undefined, `${action} is decided on an organization`);
    const role = roleAt(principal, organizationId, at.workspaceId);
    if (role === undefined) {
      throw notFound('Resource');
    }
    if (ROLES.indexOf(role) < ROLES.indexOf(least)) {
      throw forbidden();
    }
  }
  if (principal.scopes && !(scope !== undefined && principal.scopes.includes(scope))) {
    throw forbidden();
  }
  return { principal, action, ...at } as Grant;
}

/** The role that a principal has at a place; undefined where it has none, so that the place is hidden from it. */
export function roleAt(principal: Principal, organizationId: string, workspaceId?: string): Role | undefined {
  if (principal.organizationId !== undefined && principal.organizationId !== organizationId) {
    return undefined;
  }
  const role = principal.isAdmin ? 'owner' : own(principal.roles, organizationId);
  const left = principal.isAdmin ? undefined : own(principal.workspaceRoles, workspaceId);
  if (role === undefined || left === 'none') {
    return undefined;
  }
  return left === undefined ? role : narrower(role, left);
}

/** The lesser of two: a workspace narrows a role and never widens it. */
export const narrower = (role: Role, left: Role): Role =>
  ROLES.indexOf(left) < ROLES.indexOf(role) ? left : role;

const own = <T>(record: Readonly<Record<string, T>>, key: string | undefined): T | undefined =>
  key !== undefined && Object.hasOwn(record, key) ? record[key] : undefined;

const forbidden = (): NxError => new NxError('FORBIDDEN', 'Insufficient permissions');
