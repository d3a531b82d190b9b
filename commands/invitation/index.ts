// SPDX-License-Identifier: Apache-2.0
import { narrower, type Route, roleAt, route } from '../../http/index.js';
import { NxError, notFound, type Secret, sha256, streams, timestamp, uuidv5 } from '../../kernel/index.js';
import {
  AcceptInvitation,
  CreateInvitation,
  closed,
  type Invitation,
  Member,
  OpenInvitation,
  type Role,
  Type,
} from '../../schemas/index.js';
import type { Vault } from '../../vault/index.js';
import { actorOf, type MemberCommandDeps, memberIn } from '../member.js';
import { answer, contextOf } from '../request.js';
import { destroyAddress, invitedAddress, keepAddress } from './address.js';
import { readToken, writeToken } from './token.js';

export { destroyAddress, invitedAddress } from './address.js';

export interface InvitationCommandDeps extends MemberCommandDeps {
  readonly vault: Vault;
  /** 32 bytes that only this server can make, the same for the same words. */
  readonly tokenSecret: (of: string) => Secret<Buffer>;
}

const CreatedInvitation = closed({ ...OpenInvitation.properties, token: Type.String() });

const atLeast = (role: Role, least: Role): boolean => narrower(role, least) === least;

const HOUR_MS = 3_600_000;
const WEEK_HOURS = 168;

/** Write routes of invitations. */
export function invitationCommands(deps: InvitationCommandDeps): Route[] {
  const { handlers, clock, vault, identity } = deps;

  const isPending = (organizationId: string, id: string): Promise<boolean> =>
    handlers.organization.peek(streams.organization(organizationId), (state) => state.invitations.has(id));

  /** Whether a user has the address that an invitation is for. The same is read and compared whatever is there. */
  async function isInvited(invitationId: string, userId: string): Promise<boolean> {
    const [invited, own] = await Promise.all([
      invitedAddress(vault, invitationId),
      identity.addressOf(userId),
    ]);
    const same = identity.addressDigest(invited ?? '') === identity.addressDigest(own ?? '');
    return same && invited !== undefined;
  }

  /** Whether whoever made an invitation could still make it: they may have been shut out meanwhile. */
  async function stands(organizationId: string, id: string): Promise<boolean> {
    const invitation = await handlers.organization.peek(
      streams.organization(organizationId),
      (state) => state.invitations.get(id)?.invitation,
    );
    const inviter = invitation && deps.principalOf(invitation.invited_by);
    const role = inviter && roleAt(inviter, organizationId);
    return role !== undefined && atLeast(role, 'admin') && atLeast(role, invitation?.role ?? 'owner');
  }

  return [
    route({
      method: 'POST',
      path: '/v1/organizations/{organization_id}/invitations',
      operationId: 'createInvitation',
      summary: 'Invite into an organization; the answer has the token of the link, which is shown this once',
      tag: 'Members',
      permission: 'invitation.create',
      body: CreateInvitation,
      success: { status: 201, schema: CreatedInvitation },
      idempotent: true,
      handler: async (request) => {
        const organizationId = request.params.organization_id;
        request.allow(organizationId);
        const { role, email, expires_in_hours = WEEK_HOURS } = request.body;
        // The log keeps a digest of what was asked. An address could be guessed from a digest without a key.
        const address = email === undefined ? null : identity.addressDigest(email);
        const context = contextOf({ ...request, body: { ...request.body, email: address } }, deps, {
          organizationId,
        });
        // By the content too: the same Idempotency-Key with another address must not write over the first one's.
        const id = uuidv5(context.commandId, context.digest, 'invitation');
        const secret = deps.tokenSecret(`invitation/${id}`);
        const now = clock.now();
        if (email !== undefined) {
          await keepAddress(vault, id, email);
        }
        const drop = async (): Promise<void> => {
          if (!(await isPending(organizationId, id))) {
            await destroyAddress(vault, id);
          }
        };
        try {
          const outcome = await handlers.organization.run(
            streams.organization(organizationId),
            id,
            {
              type: 'invite',
              id,
              role,
              hasAddress: email !== undefined,
              tokenSha256: sha256(secret.reveal()),
              expiresAt: timestamp(now + expires_in_hours * HOUR_MS),
              by: actorOf(request.principal),
              at: timestamp(now),
            },
            context,
            (state) => state.invitations.get(id)?.invitation,
          );
          if (outcome.repeated) {
            // Answered again, perhaps after it was accepted.
            await drop();
          }
          const { body, ...rest } = await answer(deps, outcome);
          const { has_address: _, ...invitation } = body as Invitation;
          const token = writeToken(organizationId, id, secret).reveal();
          return { ...rest, body: { ...invitation, email: email ?? null, state: 'pending', token } };
        } catch (error) {
          // When the log does not answer, the event may stand in it all the same.
          if (error instanceof NxError && error.code !== 'SERVICE_UNAVAILABLE') {
            await drop().catch(() => undefined);
          }
          throw error;
        }
      },
    }),
    route({
      method: 'DELETE',
      path: '/v1/organizations/{organization_id}/invitations/{invitation_id}',
      operationId: 'revokeInvitation',
      summary: 'Revoke an invitation',
      tag: 'Members',
      permission: 'invitation.revoke',
      success: { status: 204 },
      idempotent: true,
      handler: async (request) => {
        const { organization_id: organizationId, invitation_id: id } = request.params;
        request.allow(organizationId);
        const outcome = await handlers.organization.run(
          streams.organization(organizationId),
          id,
          { type: 'revoke-invitation', id, by: actorOf(request.principal), at: timestamp(clock.now()) },
          contextOf(request, deps, { organizationId }),
          () => undefined,
        );
        await destroyAddress(vault, id);
        return answer(deps, outcome);
      },
    }),
    route({
      method: 'POST',
      path: '/v1/invitations/accept',
      operationId: 'acceptInvitation',
      summary: 'Become a member by the token of an invitation',
      tag: 'Members',
      permission: 'invitation.accept',
      body: AcceptInvitation,
      success: { status: 200, schema: Member },
      errors: ['NOT_FOUND'],
      idempotent: true,
      handler: async (request) => {
        const { userId } = request.principal;
        const token = readToken(request.body.token);
        if (!token) {
          throw notFound('Invitation');
        }
        const { organizationId, invitationId: id, secret } = token;
        const outcome = await handlers.organization.run(
          streams.organization(organizationId),
          userId,
          {
            type: 'accept-invitation',
            id,
            userId,
            tokenSha256: sha256(secret),
            isInvited: await isInvited(id, userId),
            stands: await stands(organizationId, id),
            at: timestamp(clock.now()),
          },
          contextOf(request, deps, { organizationId }),
          (state) => memberIn(state, userId),
        );
        await destroyAddress(vault, id);
        const { body, ...rest } = await answer(deps, outcome);
        const email = (await identity.addressOf(userId)) ?? null;
        return { ...rest, body: { ...(body as object), email } };
      },
    }),
  ];
}
