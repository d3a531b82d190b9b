// SPDX-License-Identifier: Apache-2.0
import {
  type HandlerRequest,
  type HandlerResult,
  type LoginLimiter,
  type Route,
  route,
} from '../../http/index.js';
import { canonicalJson, createdId, detail, invalid, NxError, notFound, Secret } from '../../kernel/index.js';
import { ChangePassword, CreateUser, UpdateMe, UpdateUser, User } from '../../schemas/index.js';
import type { CommandContext } from '../context.js';
import type { Outcome } from '../handler.js';
import type { Identity } from '../identity.js';
import { answer, type CommandDeps, contextOf } from '../request.js';
import { Tokens, tokensAnswer } from '../session/routes.js';
import type { Sessions } from '../session/sessions.js';
import type { Account, Accounts } from './accounts.js';
import { checkPassword } from './password-rules.js';
import type { PersonalRecords } from './personal.js';

export interface UserDeps extends CommandDeps {
  readonly accounts: Accounts;
  readonly identity: Identity;
  readonly personal: PersonalRecords;
  readonly sessions: Sessions;
  readonly limiter: LoginLimiter;
  /** Forgets an erased user: what the log says is done. */
  readonly forget: (userId: string) => Promise<void>;
}

const present = (id: string, { profile, isAdmin, disabled, createdAt, updatedAt }: Account): User => ({
  id,
  ...profile,
  is_active: !disabled,
  is_admin: isAdmin,
  created_at: createdAt,
  updated_at: updatedAt,
});

type Asked = Pick<HandlerRequest, 'principal' | 'network'>;

/** Write routes of users. */
export function userCommands(deps: UserDeps): Route[] {
  const { accounts, identity, personal, sessions, limiter } = deps;

  /** The body is personal: its digest is keyed. */
  const privately = (request: Parameters<typeof contextOf>[0]): CommandContext => ({
    ...contextOf(request, deps),
    digest: personal.digest(canonicalJson({ path: request.path, body: request.body ?? null })),
  });

  const answerUser = (id: string, outcome: Outcome<Account>): Promise<HandlerResult> =>
    answer(deps, { ...outcome, result: present(id, outcome.result) });

  /** VALIDATION_ERROR unless it is the user's password; as many tries as there are to sign in. */
  async function confirm({ principal, network }: Asked, password: string, field: string): Promise<void> {
    const { userId } = principal;
    const attempt = limiter.attempt(`user ${userId}`, network);
    if (!(await identity.isPassword(userId, new Secret(password)))) {
      throw invalid([detail(field, 'WRONG_PASSWORD', 'Is not your password')]);
    }
    attempt.succeeded();
  }

  async function change(id: string, body: UpdateUser, request: HandlerRequest<unknown, unknown, unknown>) {
    const { password: text, ...rest } = body;
    const password = text === undefined ? undefined : new Secret(text);
    if (password) {
      checkPassword(password, 'password');
    }
    const context = privately(request);
    const outcome = await accounts.change(id, password ? { ...rest, password } : rest, context);
    const { disabled } = outcome.result;
    if ((disabled || password) && !outcome.repeated) {
      await sessions.endAll(id, disabled ? 'user_disabled' : 'password_changed', context);
    }
    return answerUser(id, outcome);
  }

  return [
    // Before the routes with an id in the same place.
    route({
      method: 'PATCH',
      path: '/v1/users/me',
      operationId: 'updateMe',
      summary: 'Change your own name and address; another address takes your password',
      tag: 'Users',
      permission: 'me.update',
      body: UpdateMe,
      success: { status: 200, schema: User },
      errors: ['CONFLICT'],
      idempotent: true,
      handler: async (request) => {
        const { userId } = request.principal;
        const { current_password: password, ...body } = request.body;
        if (body.email !== undefined && body.email !== (await identity.addressOf(userId))) {
          if (password === undefined) {
            throw invalid([detail('current_password', 'REQUIRED', 'Required with another address')]);
          }
          await confirm(request, password, 'current_password');
        }
        return change(userId, body, request);
      },
    }),
    route({
      method: 'POST',
      path: '/v1/users/me/change-password',
      operationId: 'changePassword',
      summary:
        'Change your own password: every other session ends, yours goes on with the tokens of the answer',
      tag: 'Users',
      permission: 'me.change_password',
      body: ChangePassword,
      success: { status: 200, schema: Tokens },
      handler: async (request) => {
        const { principal, body } = request;
        const { userId, sessionId = '' } = principal;
        await confirm(request, body.old_password, 'old_password');
        const password = new Secret(body.new_password);
        checkPassword(password, 'new_password');
        const context = privately(request);
        const { position } = await accounts.change(userId, { password }, context, sessionId);
        const version = await accounts.sessionVersion(userId);
        if (version === undefined) {
          throw new NxError('UNAUTHORIZED', 'Authentication required');
        }
        const granted = await sessions.carryOn(sessionId, version, context);
        await sessions.endAll(userId, 'password_changed', context, ({ id }) => id !== sessionId);
        return { ...tokensAnswer(granted, false), ...(position === undefined ? {} : { position }) };
      },
    }),
    route({
      method: 'POST',
      path: '/v1/users',
      operationId: 'createUser',
      summary: 'Create a user',
      tag: 'Users',
      permission: 'user.create',
      body: CreateUser,
      success: { status: 201, schema: User },
      errors: ['CONFLICT'],
      idempotent: true,
      handler: async (request) => {
        const { password: text, ...body } = request.body;
        const password = new Secret(text);
        checkPassword(password, 'password');
        const context = privately(request);
        const id = createdId(context.commandId, 'user');
        return answerUser(id, await accounts.create(id, body, password, context));
      },
    }),
    route({
      method: 'PATCH',
      path: '/v1/users/{user_id}',
      operationId: 'updateUser',
      summary:
        'Change a user: name, address, password, whether it may sign in, whether it is an administrator',
      tag: 'Users',
      permission: 'user.update',
      body: UpdateUser,
      success: { status: 200, schema: User },
      idempotent: true,
      handler: (request) => change(request.params.user_id, request.body, request),
    }),
    route({
      method: 'DELETE',
      path: '/v1/users/{user_id}',
      operationId: 'deleteUser',
      summary:
        'Erase a user: sessions, keys and memberships end, and what is personal can be read by nobody again',
      tag: 'Users',
      permission: 'user.delete',
      success: { status: 204 },
      idempotent: true,
      handler: async (request) => {
        const id = request.params.user_id;
        const outcome = await accounts.erase(id, privately(request));
        await deps.forget(id);
        return answer(deps, outcome);
      },
    }),
    route({
      method: 'DELETE',
      path: '/v1/users/{user_id}/sessions',
      operationId: 'revokeUserSessions',
      summary: 'End every session of a user',
      tag: 'Users',
      permission: 'user.end_sessions',
      success: { status: 204 },
      handler: async (request) => {
        const id = request.params.user_id;
        if ((await accounts.sessionVersion(id)) === undefined) {
          throw notFound('user');
        }
        await sessions.endAll(id, 'revoked', contextOf(request, deps));
        return {};
      },
    }),
  ];
}
