// SPDX-License-Identifier: Apache-2.0
import {
  type HandlerRequest,
  type HandlerResult,
  type LoginLimiter,
  type Route,
  route,
} from '../../http/index.js';
import { detail, invalid, NxError, notFound, Secret, streams } from '../../kernel/index.js';
import { closed, Login, RefreshSession, Type } from '../../schemas/index.js';
import type { Handlers } from '../handlers.js';
import type { Identity } from '../identity.js';
import { answer, type CommandDeps, contextOf } from '../request.js';
import type { Name } from '../user/names.js';
import type { ClientHint } from '../user/personal.js';
import { checkOwnOrigin, clearedCookie, cookieToken, refreshCookie } from './cookie.js';
import type { Granted, Sessions } from './sessions.js';

export interface SessionDeps extends CommandDeps {
  readonly handlers: Handlers;
  readonly identity: Identity;
  readonly sessions: Sessions;
  readonly limiter: LoginLimiter;
}

/** With a cookie, the refresh token does not stand in the body. */
export const Tokens = closed({
  access_token: Type.String(),
  refresh_token: Type.Optional(Type.String()),
  expires_in: Type.Integer(),
  token_type: Type.Literal('Bearer'),
});

export function tokensAnswer(granted: Granted, cookie: boolean): HandlerResult {
  const { accessToken, expiresIn, refreshToken } = granted;
  return {
    body: {
      access_token: accessToken,
      ...(cookie ? {} : { refresh_token: refreshToken.reveal() }),
      expires_in: expiresIn,
      token_type: 'Bearer',
    },
    ...(cookie ? { headers: { 'Set-Cookie': refreshCookie(granted) } } : {}),
  };
}

type Asked = Pick<HandlerRequest, 'header' | 'network'>;

const MAX_AGENT = 200;

/** What is outside visible ASCII is not kept. */
const clientOf = ({ header, network }: Asked): ClientHint => ({
  user_agent:
    header('user-agent')
      ?.slice(0, MAX_AGENT)
      .replaceAll(/[^\x20-\x7e]/g, '?') ?? null,
  network,
});

function nameIn({ email, username }: Login): { readonly by: Name; readonly name: string } {
  if (email !== undefined && username !== undefined) {
    throw invalid([detail('username', 'CONFLICTING_FIELDS', 'Leave it out beside email')]);
  }
  if (username !== undefined) {
    return { by: 'username', name: username };
  }
  if (email === undefined) {
    throw invalid([detail('email', 'REQUIRED', 'Is required where there is no username')]);
  }
  return { by: 'email', name: email };
}

/** Signing in, staying in, and going out. */
export function sessionCommands(deps: SessionDeps): Route[] {
  const { identity, sessions, limiter, handlers } = deps;
  return [
    route({
      method: 'POST',
      path: '/v1/auth/login',
      operationId: 'login',
      summary: 'Exchange an address or a user name, and a password, for an access and a refresh token',
      tag: 'Authentication',
      permission: 'public',
      body: Login,
      success: { status: 200, schema: Tokens },
      errors: ['UNAUTHORIZED'],
      handler: async (request) => {
        const { body, network, requestId } = request;
        const { by, name } = nameIn(body);
        const attempt = limiter.attempt(`${by} ${name.trim()}`, network);
        const user = await identity.authenticate(by, name, new Secret(body.password), attempt.on);
        if (!user) {
          throw new NxError('UNAUTHORIZED', 'The address or the password is wrong');
        }
        attempt.succeeded();
        const granted = await sessions.start(user.userId, user.sessionVersion, clientOf(request), requestId);
        return tokensAnswer(granted, body.cookie === true);
      },
    }),
    route({
      method: 'POST',
      path: '/v1/auth/refresh',
      operationId: 'refreshSession',
      summary: 'Exchange a refresh token, of the body or of the cookie, for new tokens',
      tag: 'Authentication',
      permission: 'public',
      body: RefreshSession,
      success: { status: 200, schema: Tokens },
      errors: ['UNAUTHORIZED', 'FORBIDDEN'],
      handler: async (request) => {
        const { body, header, network, requestId } = request;
        const cookie = body.refresh_token === undefined ? cookieToken(header) : undefined;
        if (cookie) {
          checkOwnOrigin(header);
        }
        const token = cookie ?? new Secret(body.refresh_token ?? '');
        try {
          const granted = await sessions.refresh(token, clientOf(request), requestId);
          return tokensAnswer(granted, cookie !== undefined);
        } catch (error) {
          if (error instanceof NxError && error.code === 'UNAUTHORIZED') {
            limiter.badToken(network);
          }
          throw error;
        }
      },
    }),
    route({
      method: 'POST',
      path: '/v1/auth/logout',
      operationId: 'logout',
      summary: 'End the session that the access token belongs to',
      tag: 'Authentication',
      permission: 'session.logout',
      success: { status: 204 },
      handler: async (request) => {
        const { principal, header } = request;
        const ended = await sessions.end(principal.sessionId ?? '', 'logout', contextOf(request, deps));
        const cleared = cookieToken(header) ? { headers: { 'Set-Cookie': clearedCookie } } : {};
        return { ...(await answer(deps, { result: undefined, revision: 0n, position: ended })), ...cleared };
      },
    }),
    route({
      method: 'DELETE',
      path: '/v1/sessions/{session_id}',
      operationId: 'revokeSession',
      summary: 'End a session of yours, or of anybody as an administrator',
      tag: 'Authentication',
      permission: 'session.revoke',
      success: { status: 204 },
      handler: async (request) => {
        const { principal, params } = request;
        const open = await handlers.session.peek(streams.session(params.session_id), (state) => state.open);
        if (!open || (open.userId !== principal.userId && !principal.isAdmin)) {
          throw notFound('session');
        }
        const ended = await sessions.end(open.id, 'revoked', contextOf(request, deps));
        return answer(deps, { result: undefined, revision: 0n, position: ended });
      },
    }),
  ];
}
