// SPDX-License-Identifier: Apache-2.0
import { narrowingId, type OrganizationState } from '../domain/index.js';
import { narrower, type Principal, type Route, route } from '../http/index.js';
import { detail, invalid, invariant, streams, timestamp } from '../kernel/index.js';
import {
  AddMember,
  Member,
  type Role,
  SetWorkspaceRole,
  UpdateMember,
  WorkspaceMember,
  type WorkspaceRole,
} from '../schemas/index.js';
import type { CommandContext } from './context.js';
import type { Identity } from './identity.js';
import { answer, type CommandDeps, contextOf, placeOf, stepOf } from './request.js';

export interface MemberCommandDeps extends CommandDeps {
  readonly identity: Pick<Identity, 'addressOf' | 'addressDigest'>;
  /** What a user may do now; undefined when there is no such user, or it is disabled. */
  readonly principalOf: (userId: string) => Principal | undefined;
}

/** Whoever asks for a command about people. A key acts for whoever made it. */
export const actorOf = ({ userId, isAdmin }: Principal) => ({ userId, isAdmin });

/** A member as answers show them; undefined when they are none. */
export function memberIn(state: OrganizationState, userId: string): Omit<Member, 'email'> | undefined {
  const member = state.members.get(userId);
  return (
    member && {
      organization_id: state.organization?.id ?? '',
      user_id: userId,
      role: member.role,
      created_at: member.createdAt,
      updated_at: member.updatedAt,
    }
  );
}

/** Ends whatever somebody is in any organization. Done again it does nothing. */
export const endMemberships =
  (
    { handlers, clock }: Pick<CommandDeps, 'handlers' | 'clock'>,
    organizationsOf: (userId: string) => readonly string[],
  ) =>
  async (userId: string, context: CommandContext): Promise<void> => {
    for (const organizationId of organizationsOf(userId)) {
      await handlers.organization.run(
        streams.organization(organizationId),
        userId,
        { type: 'end-membership', userId, at: timestamp(clock.now()) },
        { ...stepOf(context, `end membership ${organizationId}`), organizationId },
        () => undefined,
      );
    }
  };

/** Write routes of members and of what is left of their roles in workspaces. */
export function memberCommands(deps: MemberCommandDeps): Route[] {
  const { handlers, clock, identity, principalOf } = deps;
  const now = (): string => timestamp(clock.now());
  const emailOf = async (userId: string): Promise<string | null> =>
    (await identity.addressOf(userId)) ?? null;

  async function inWorkspace(workspaceId: string, userId: string, role: Role, left: WorkspaceRole) {
    return {
      workspace_id: workspaceId,
      user_id: userId,
      email: await emailOf(userId),
      role,
      workspace_role: left,
      effective_role: left === 'none' ? left : narrower(role, left),
    };
  }

  return [
    route({
      method: 'POST',
      path: '/v1/organizations/{organization_id}/members',
      operationId: 'addMember',
      summary: 'Make a user a member of an organization',
      tag: 'Members',
      permission: 'member.add',
      body: AddMember,
      success: { status: 201, schema: Member },
      idempotent: true,
      handler: async (request) => {
        const organizationId = request.params.organization_id;
        request.allow(organizationId);
        const { user_id: userId, role } = request.body;
        if (!principalOf(userId)) {
          throw invalid([detail('user_id', 'UNKNOWN', 'There is no such user')]);
        }
        const outcome = await handlers.organization.run(
          streams.organization(organizationId),
          userId,
          { type: 'add-member', userId, role, by: actorOf(request.principal), at: now() },
          contextOf(request, deps, { organizationId }),
          (state) => memberIn(state, userId),
        );
        const { body, ...rest } = await answer(deps, outcome);
        return { ...rest, body: { ...(body as object), email: await emailOf(userId) } };
      },
    }),
    route({
      method: 'PATCH',
      path: '/v1/organizations/{organization_id}/members/{user_id}',
      operationId: 'updateMember',
      summary: "Change a member's role",
      tag: 'Members',
      permission: 'member.update',
      body: UpdateMember,
      success: { status: 200, schema: Member },
      idempotent: true,
      handler: async (request) => {
        const { organization_id: organizationId, user_id: userId } = request.params;
        request.allow(organizationId);
        const { role } = request.body;
        const outcome = await handlers.organization.run(
          streams.organization(organizationId),
          userId,
          { type: 'change-member', userId, role, by: actorOf(request.principal), at: now() },
          contextOf(request, deps, { organizationId }),
          (state) => memberIn(state, userId),
        );
        const { body, ...rest } = await answer(deps, outcome);
        return { ...rest, body: { ...(body as object), email: await emailOf(userId) } };
      },
    }),
    route({
      method: 'DELETE',
      path: '/v1/organizations/{organization_id}/members/{user_id}',
      operationId: 'removeMember',
      summary: 'Remove a member; the invitations that they have made are worth nothing from then on',
      tag: 'Members',
      permission: 'member.remove',
      success: { status: 204 },
      idempotent: true,
      handler: async (request) => {
        const { organization_id: organizationId, user_id: userId } = request.params;
        request.allow(organizationId);
        const outcome = await handlers.organization.run(
          streams.organization(organizationId),
          userId,
          { type: 'remove-member', userId, by: actorOf(request.principal), at: now() },
          contextOf(request, deps, { organizationId }),
          () => undefined,
        );
        return answer(deps, outcome);
      },
    }),
    route({
      method: 'DELETE',
      path: '/v1/organizations/{organization_id}/membership',
      operationId: 'leaveOrganization',
      summary: 'Leave an organization',
      tag: 'Members',
      permission: 'member.leave',
      success: { status: 204 },
      idempotent: true,
      handler: async (request) => {
        const organizationId = request.params.organization_id;
        request.allow(organizationId);
        const { userId } = request.principal;
        const outcome = await handlers.organization.run(
          streams.organization(organizationId),
          userId,
          { type: 'leave', userId, at: now() },
          contextOf(request, deps, { organizationId }),
          () => undefined,
        );
        return answer(deps, outcome);
      },
    }),
    route({
      method: 'PUT',
      path: '/v1/workspaces/{workspace_id}/members/{user_id}',
      operationId: 'setWorkspaceRole',
      summary: "Narrow a member's role in one workspace; `none` hides it from them",
      tag: 'Members',
      permission: 'workspace_role.set',
      body: SetWorkspaceRole,
      success: { status: 200, schema: WorkspaceMember },
      idempotent: true,
      handler: async (request) => {
        const { workspace_id: workspaceId, user_id: userId } = request.params;
        const place = await placeOf(deps, request, 'workspace', workspaceId);
        const { role: left } = request.body;
        const outcome = await handlers.organization.run(
          streams.organization(place.organizationId),
          narrowingId(workspaceId, userId),
          {
            type: 'narrow-member',
            userId,
            workspaceId,
            role: left,
            by: actorOf(request.principal),
            at: now(),
          },
          contextOf(request, deps, place),
          (state) => state.members.get(userId)?.role,
        );
        const { body: role, ...rest } = await answer(deps, outcome);
        invariant(role !== undefined, 'who is narrowed is a member');
        return { ...rest, body: await inWorkspace(workspaceId, userId, role as Role, left) };
      },
    }),
    route({
      method: 'DELETE',
      path: '/v1/workspaces/{workspace_id}/members/{user_id}',
      operationId: 'clearWorkspaceRole',
      summary: 'Let a member have their whole role in a workspace again',
      tag: 'Members',
      permission: 'workspace_role.clear',
      success: { status: 204 },
      idempotent: true,
      handler: async (request) => {
        const { workspace_id: workspaceId, user_id: userId } = request.params;
        const place = await placeOf(deps, request, 'workspace', workspaceId);
        const by = actorOf(request.principal);
        const outcome = await handlers.organization.run(
          streams.organization(place.organizationId),
          narrowingId(workspaceId, userId),
          { type: 'narrow-member', userId, workspaceId, role: undefined, by, at: now() },
          contextOf(request, deps, place),
          () => undefined,
        );
        return answer(deps, outcome);
      },
    }),
  ];
}
