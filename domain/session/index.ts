// SPDX-License-Identifier: Apache-2.0
import { type Decider, NxError, never, timestamp } from '../../kernel/index.js';
import type { SessionFact } from '../../schemas/index.js';

const DAY_MS = 86_400_000;

/** How long a session lives without being refreshed, how long at all, and how long a lost answer may be asked for again. */
export const SESSION = { idleMs: 7 * DAY_MS, absoluteMs: 30 * DAY_MS, graceMs: 10_000 } as const;

export type SessionEnd = Extract<SessionFact, { type: 'session.ended' }>['data']['reason'];

interface OpenSession {
  readonly id: string;
  readonly userId: string;
  readonly sessionVersion: number;
  /** Of the newest refresh token: how many were before it. */
  readonly generation: number;
  readonly tokenSha256: string;
  readonly startedAt: string;
  readonly refreshedAt: string;
  readonly expiresAt: string;
}

export interface SessionState {
  /** Undefined before it is started and after it has ended. */
  open: OpenSession | undefined;
  started: boolean;
}

export type SessionCommand =
  | {
      readonly type: 'start';
      readonly id: string;
      readonly userId: string;
      readonly sessionVersion: number;
      readonly tokenSha256: string;
      readonly at: string;
    }
  /** A refresh token of this generation was shown; the next one has this hash. */
  | {
      readonly type: 'refresh';
      readonly generation: number;
      readonly nextSha256: string;
      /** The user's, now. */
      readonly sessionVersion: number;
      /** Whether it comes from where the newest token was given to. */
      readonly sameClient: boolean;
      readonly at: string;
    }
  /** The session goes on under a new version, with the token that follows this generation. */
  | {
      readonly type: 'carry-on';
      readonly generation: number;
      readonly nextSha256: string;
      readonly sessionVersion: number;
      readonly at: string;
    }
  | { readonly type: 'end'; readonly reason: SessionEnd; readonly at: string };

function decide(command: SessionCommand, { open, started }: SessionState): readonly SessionFact[] {
  const { at } = command;
  if (command.type === 'start') {
    const { id, userId, sessionVersion, tokenSha256 } = command;
    return started
      ? []
      : [
          {
            type: 'session.started',
            data: {
              session_id: id,
              user_id: userId,
              session_version: sessionVersion,
              token_sha256: tokenSha256,
              at,
              expires_at: expiry(at, at),
            },
          },
        ];
  }
  if (!open) {
    return command.type === 'end' ? [] : refused();
  }
  switch (command.type) {
    case 'refresh': {
      if (at >= open.expiresAt) {
        return ended(open, 'expired', at);
      }
      if (command.sessionVersion !== open.sessionVersion) {
        return ended(open, 'password_changed', at);
      }
      if (command.generation === open.generation) {
        return refreshed(open, command);
      }
      // The answer to the newest refresh may have been lost: the same client gets the same one again.
      const again = command.generation === open.generation - 1 && command.sameClient;
      return again && Date.parse(at) - Date.parse(open.refreshedAt) <= SESSION.graceMs
        ? []
        : ended(open, 'reuse_detected', at);
    }
    case 'carry-on':
      return command.generation === open.generation ? refreshed(open, command) : refused();
    case 'end':
      // Whoever says that it has expired may not know of its last refresh.
      return command.reason === 'expired' && at < open.expiresAt ? [] : ended(open, command.reason, at);
    default:
      return never(command, 'command of a session');
  }
}

const refused = (): never => {
  throw new NxError('UNAUTHORIZED', 'The session is over');
};

const expiry = (startedAt: string, at: string): string =>
  timestamp(Math.min(Date.parse(at) + SESSION.idleMs, Date.parse(startedAt) + SESSION.absoluteMs));

const ended = ({ id, userId }: OpenSession, reason: SessionEnd, at: string): readonly SessionFact[] => [
  { type: 'session.ended', data: { session_id: id, user_id: userId, reason, at } },
];

const refreshed = (
  open: OpenSession,
  { nextSha256, sessionVersion, at }: { nextSha256: string; sessionVersion: number; at: string },
): readonly SessionFact[] => [
  {
    type: 'session.refreshed',
    data: {
      session_id: open.id,
      session_version: sessionVersion,
      token_sha256: nextSha256,
      previous_sha256: open.tokenSha256,
      at,
      expires_at: expiry(open.startedAt, at),
    },
  },
];

function evolve(state: SessionState, fact: SessionFact): void {
  switch (fact.type) {
    case 'session.started': {
      const { session_id, user_id, session_version, token_sha256, at, expires_at } = fact.data;
      state.started = true;
      state.open = {
        id: session_id,
        userId: user_id,
        sessionVersion: session_version,
        generation: 0,
        tokenSha256: token_sha256,
        startedAt: at,
        refreshedAt: at,
        expiresAt: expires_at,
      };
      return;
    }
    case 'session.refreshed':
      state.open = state.open && {
        ...state.open,
        sessionVersion: fact.data.session_version,
        generation: state.open.generation + 1,
        tokenSha256: fact.data.token_sha256,
        refreshedAt: fact.data.at,
        expiresAt: fact.data.expires_at,
      };
      return;
    case 'session.ended':
      state.open = undefined;
      return;
    default:
      never(fact, 'fact of a session');
  }
}

/** Stream `session-<id>`: a sign-in and the family of refresh tokens that follow from it. */
export const session: Decider<SessionState, SessionCommand, SessionFact> = {
  initial: () => ({ open: undefined, started: false }),
  decide,
  evolve,
  subject: (fact) => fact.data.session_id,
};
