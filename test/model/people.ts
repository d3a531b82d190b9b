// SPDX-License-Identifier: Apache-2.0
/** Who is let in to an organization, and with what role: requests and what should come of them. */
import { ROLES, type Role, WORKSPACE_ROLES, type WorkspaceRole } from '../../schemas/index.js';
import { type Asker, type Membership, type Organization, rank, type Workspace } from './model.js';
import type { Plan, Refusal } from './plans.js';
import type { Step } from './steps.js';

/** With what somebody decides on others. */
const authority = (organization: Organization, by: Asker): number =>
  by.isAdmin ? rank('owner') : rank(organization.people.get(by.userId)?.role ?? 'viewer');

const above = (organization: Organization, by: Asker, role: Role): Refusal | undefined =>
  rank(role) > authority(organization, by) ? { status: 403 } : undefined;

function mayGive(organization: Organization, by: Asker, role: Role): Refusal | undefined {
  const narrowed = Object.keys(organization.people.get(by.userId)?.left ?? {}).length > 0;
  return above(organization, by, role) ?? (narrowed && !by.isAdmin ? { status: 403 } : undefined);
}

const lastOwner = (organization: Organization, userId: string): Refusal | undefined =>
  [...organization.people].some(([id, { role }]) => id !== userId && role === 'owner')
    ? undefined
    : { status: 409, codes: ['LAST_OWNER'] };

const MISSING: Refusal = { status: 404 };

interface Asked {
  readonly organization: Organization;
  readonly workspace: Workspace;
  readonly by: Asker;
  /** Whom it is about. */
  readonly userId: string;
  readonly step: Step;
}

const plan = (
  { organization, userId }: Asked,
  rest: Pick<Plan, 'method' | 'path' | 'status'> & {
    body?: Plan['body'];
    place?: Plan['place'];
    refusal?: Refusal | undefined;
  },
  next: Membership | null | undefined,
): Plan => ({
  place: { organizationId: organization.id },
  least: 'admin',
  scope: 'write:members',
  effects: [],
  ...rest,
  ...(next === undefined ? {} : { person: { userId, next } }),
});

export const PEOPLE = {
  addMember: (asked: Asked) => {
    const { organization, by, userId, step } = asked;
    const role = ROLES[step.n % ROLES.length] ?? 'viewer';
    const there = organization.people.has(userId);
    const refusal =
      mayGive(organization, by, role) ?? (there ? { status: 409, codes: ['DUPLICATE'] } : undefined);
    const path = `/v1/organizations/${organization.id}/members`;
    const body = { user_id: userId, role };
    return plan(asked, { method: 'POST', path, body, status: 201, refusal }, { role, left: {} });
  },
  changeMember: (asked: Asked) => {
    const { organization, by, userId, step } = asked;
    const role = ROLES[step.n % ROLES.length] ?? 'viewer';
    const member = organization.people.get(userId);
    const refusal = member
      ? (above(organization, by, member.role) ??
        (role === member.role
          ? undefined
          : ((rank(role) > rank(member.role) ? mayGive(organization, by, role) : undefined) ??
            (member.role === 'owner' ? lastOwner(organization, userId) : undefined))))
      : MISSING;
    const path = `/v1/organizations/${organization.id}/members/${userId}`;
    const next = { role, left: role === 'owner' ? {} : (member?.left ?? {}) };
    return plan(
      asked,
      { method: 'PATCH', path, body: { role }, status: 200, refusal },
      role === member?.role ? undefined : next,
    );
  },
  removeMember: (asked: Asked) => {
    const { organization, by, userId } = asked;
    const member = organization.people.get(userId);
    const refusal = member
      ? (above(organization, by, member.role) ??
        (member.role === 'owner' ? lastOwner(organization, userId) : undefined))
      : MISSING;
    const path = `/v1/organizations/${organization.id}/members/${userId}`;
    return plan(asked, { method: 'DELETE', path, status: 204, refusal }, null);
  },
  narrow: (asked: Asked) => {
    const { organization, workspace, by, userId, step } = asked;
    const left: WorkspaceRole = WORKSPACE_ROLES[step.n % WORKSPACE_ROLES.length] ?? 'none';
    const member = organization.people.get(userId);
    const refusal = member
      ? (above(organization, by, member.role) ??
        (member.role === 'owner'
          ? { status: 409 }
          : left !== 'none' && rank(left) > rank(member.role)
            ? { status: 422, codes: ['NOT_NARROWER'] }
            : undefined))
      : MISSING;
    const next = member && { ...member, left: { ...member.left, [workspace.id]: left } };
    return plan(
      asked,
      {
        method: 'PUT',
        path: `/v1/workspaces/${workspace.id}/members/${userId}`,
        body: { role: left },
        place: { organizationId: organization.id, workspaceId: workspace.id },
        status: 200,
        refusal,
      },
      member?.left[workspace.id] === left ? undefined : next,
    );
  },
  widen: (asked: Asked) => {
    const { organization, workspace, by, userId } = asked;
    const member = organization.people.get(userId);
    const refusal = member ? above(organization, by, member.role) : MISSING;
    const { [workspace.id]: narrowed, ...left } = member?.left ?? {};
    return plan(
      asked,
      {
        method: 'DELETE',
        path: `/v1/workspaces/${workspace.id}/members/${userId}`,
        place: { organizationId: organization.id, workspaceId: workspace.id },
        status: 204,
        refusal,
      },
      member && narrowed !== undefined ? { ...member, left } : undefined,
    );
  },
} as const satisfies Record<string, (asked: Asked) => Plan>;
