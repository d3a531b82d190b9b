// SPDX-License-Identifier: Apache-2.0
import { type Route, route } from '../http/index.js';
import { timestamp } from '../kernel/index.js';
import { closed, Timestamp, Type } from '../schemas/index.js';

export interface SigningKeyDeps {
  /** Adds a key; gives its name and when it begins to sign. */
  readonly rotateSigningKey: () => Promise<{ readonly kid: string; readonly signsFrom: number }>;
}

const Rotated = closed({ kid: Type.String(), signs_from: Timestamp });

export const signingKeyCommands = ({ rotateSigningKey }: SigningKeyDeps): Route[] => [
  route({
    method: 'POST',
    path: '/v1/signing-keys/rotate',
    operationId: 'rotateSigningKey',
    summary: 'Make a new key for access tokens: published at once, signing when everybody knows it',
    tag: 'Authentication',
    permission: 'signing_key.rotate',
    success: { status: 201, schema: Rotated },
    errors: ['CONFLICT'],
    handler: async () => {
      const { kid, signsFrom } = await rotateSigningKey();
      return { body: { kid, signs_from: timestamp(signsFrom) } };
    },
  }),
];
