// SPDX-License-Identifier: Apache-2.0
import { createHmac, timingSafeEqual } from 'node:crypto';
import { isUuid, Secret, sha256 } from '../../kernel/index.js';

/** A refresh token as it was shown: of which session, and which of its tokens. */
export interface ShownToken {
  readonly sessionId: string;
  readonly generation: number;
}

export interface RefreshTokens {
  make(sessionId: string, generation: number): Secret;
  hash(sessionId: string, generation: number): string;
  /** Undefined for what is no token of ours; says nothing of whether it is still good. */
  read(text: Secret): ShownToken | undefined;
}

const FORM = /^nxr_([0-9a-f-]{36})_(0|[1-9][0-9]{0,8})_([A-Za-z0-9_-]{43})$/;

/**
 * Refresh tokens: 256 bits that follow from a key in the vault, the session and the token's place in it. So an answer
 * that was lost can be given again, though no token is kept anywhere.
 */
export function refreshTokens(key: Secret<Buffer>): RefreshTokens {
  const secret = (sessionId: string, generation: number): string =>
    createHmac('sha256', key.reveal()).update(`refresh ${sessionId} ${generation}`).digest('base64url');
  const make = (sessionId: string, generation: number): Secret =>
    new Secret(`nxr_${sessionId}_${generation}_${secret(sessionId, generation)}`);
  return {
    make,
    hash: (sessionId, generation) => sha256(make(sessionId, generation).reveal()),
    read: (text) => {
      const [, sessionId = '', count = '', given = ''] = FORM.exec(text.reveal()) ?? [];
      if (!isUuid(sessionId)) {
        return undefined;
      }
      const generation = Number(count);
      const digest = (value: string): Buffer => Buffer.from(sha256(value), 'hex');
      return timingSafeEqual(digest(given), digest(secret(sessionId, generation)))
        ? { sessionId, generation }
        : undefined;
    },
  };
}
