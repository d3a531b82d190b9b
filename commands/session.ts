// SPDX-License-Identifier: Apache-2.0
import { type LoginLimiter, type Route, route } from '../http/index.js';
import { NxError, Secret } from '../kernel/index.js';
import { closed, Login, Type } from '../schemas/index.js';
import type { Identity } from './identity.js';

export interface SessionDeps {
  readonly identity: Identity;
  readonly limiter: LoginLimiter;
  /** An access token for a user and the seconds that it is worth. */
  readonly issue: (userId: string) => Promise<{ readonly token: string; readonly expiresIn: number }>;
}

const AccessToken = closed({
  access_token: Type.String(),
  expires_in: Type.Integer(),
  token_type: Type.Literal('Bearer'),
});

/** Signing in. */
export const sessionCommands = ({ identity, limiter, issue }: SessionDeps): Route[] => [
  route({
    method: 'POST',
    path: '/v1/auth/login',
    operationId: 'login',
    summary: 'Exchange an address and a password for an access token',
    tag: 'Authentication',
    permission: 'public',
    body: Login,
    success: { status: 200, schema: AccessToken },
    errors: ['UNAUTHORIZED'],
    handler: async ({ body, network }) => {
      const attempt = limiter.attempt(body.email, network);
      const user = await identity.authenticate(body.email, new Secret(body.password));
      if (!user) {
        throw new NxError('UNAUTHORIZED', 'The address or the password is wrong');
      }
      attempt.succeeded();
      const { token, expiresIn } = await issue(user.userId);
      return { body: { access_token: token, expires_in: expiresIn, token_type: 'Bearer' } };
    },
  }),
];
