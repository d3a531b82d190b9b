// SPDX-License-Identifier: Apache-2.0
import type { SessionEnd } from '../../domain/index.js';
import {
  type Clock,
  NxError,
  type Random,
  type Secret,
  streams,
  timestamp,
  uuidv7,
} from '../../kernel/index.js';
import type { CommandContext } from '../context.js';
import type { Handlers } from '../handlers.js';
import { stepOf } from '../request.js';
import type { ClientHint, PersonalRecords } from '../user/personal.js';
import type { RefreshTokens } from './tokens.js';

export interface KnownSession {
  readonly id: string;
  readonly userId: string;
  readonly sessionVersion: number;
}

export interface SessionsDeps {
  readonly handlers: Handlers;
  readonly personal: PersonalRecords;
  readonly tokens: RefreshTokens;
  readonly clock: Clock;
  readonly random: Random;
  /** Sessions of a user that have not ended, oldest first. */
  readonly sessionsOf: (userId: string) => readonly KnownSession[];
  /** Makes what the log says now count for these. */
  readonly fresh: () => Promise<unknown>;
  /** The session version of a user who may come in. */
  readonly versionOf: (userId: string) => Promise<number | undefined>;
  /** Signs an access token. */
  readonly issue: (subject: {
    sub: string;
    sessionVersion: number;
    sessionId: string;
  }) => Promise<{ readonly token: string; readonly expiresIn: number }>;
  readonly passed: (position: bigint, ms: number) => Promise<boolean>;
}

/** What a sign-in or a refresh gives. */
export interface Granted {
  readonly accessToken: string;
  readonly expiresIn: number;
  readonly refreshToken: Secret;
  /** Seconds until the refresh token is worth nothing. */
  readonly refreshExpiresIn: number;
}

export interface Sessions {
  start(userId: string, sessionVersion: number, client: ClientHint, requestId: string): Promise<Granted>;
  /** UNAUTHORIZED for a token that is not the newest of an open session; an older one ends its session. */
  refresh(token: Secret, client: ClientHint, requestId: string): Promise<Granted>;
  /** The session goes on under the user's new version. */
  carryOn(sessionId: string, sessionVersion: number, context: CommandContext): Promise<Granted>;
  /** Gives the position of its end. */
  end(sessionId: string, reason: SessionEnd, context: CommandContext): Promise<bigint | undefined>;
  /** Ends those sessions of a user. */
  endAll(
    userId: string,
    reason: SessionEnd,
    context: CommandContext,
    which?: (session: KnownSession) => boolean,
  ): Promise<void>;
}

const SETTLE_MS = 2000;
/** Beyond it a user's oldest session ends when a new one starts. */
const MAX_OPEN = 50;

/** Sign-ins, each a family of refresh tokens of which only the newest is good. */
export function sessions(deps: SessionsDeps): Sessions {
  const { handlers, personal, tokens, clock, random } = deps;
  const now = (): string => timestamp(clock.now());

  async function grant(sessionId: string, position: bigint | undefined): Promise<Granted> {
    const open = await openSession(sessionId);
    if (position !== undefined) {
      await deps.passed(position, SETTLE_MS);
    }
    if (!open) {
      // It may have ended while its client was being kept.
      await personal.forgetClient(sessionId);
      throw unauthorized();
    }
    const { userId: sub, sessionVersion, generation, expiresAt } = open;
    const { token, expiresIn } = await deps.issue({ sub, sessionVersion, sessionId });
    return {
      accessToken: token,
      expiresIn,
      refreshToken: tokens.make(sessionId, generation),
      refreshExpiresIn: Math.max(0, Math.floor((Date.parse(expiresAt) - clock.now()) / 1000)),
    };
  }

  const openSession = (id: string) => handlers.session.peek(streams.session(id), ({ open }) => open);

  const run = (id: string, command: Parameters<Handlers['session']['run']>[2], context: CommandContext) =>
    handlers.session.run(streams.session(id), id, command, context, () => undefined);

  async function end(id: string, reason: SessionEnd, context: CommandContext): Promise<bigint | undefined> {
    const { position } = await run(id, { type: 'end', reason, at: now() }, stepOf(context, `end ${id}`));
    if (!(await openSession(id))) {
      await personal.forgetClient(id);
    }
    return position;
  }

  const byUser = (userId: string, { network }: ClientHint, requestId: string): CommandContext => {
    const commandId = uuidv7(clock, random);
    const actor = `user:${userId}`;
    const cause = { correlationId: requestId, causationId: requestId };
    return { commandId, digest: commandId, ...cause, actor, asker: { userId, network } };
  };

  return {
    start: async (userId, sessionVersion, client, requestId) => {
      const context = byUser(userId, client, requestId);
      const id = uuidv7(clock, random);
      for (const old of deps.sessionsOf(userId).slice(0, -(MAX_OPEN - 1))) {
        await end(old.id, 'revoked', context);
      }
      const tokenSha256 = tokens.hash(id, 0);
      const { position } = await run(
        id,
        { type: 'start', id, userId, sessionVersion, tokenSha256, at: now() },
        context,
      );
      await personal.keepClient(id, client);
      return grant(id, position);
    },
    refresh: async (token, client, requestId) => {
      const shown = tokens.read(token);
      const open = shown && (await openSession(shown.sessionId));
      const version = open && (await deps.versionOf(open.userId));
      if (!shown || !open || version === undefined) {
        throw unauthorized();
      }
      const { sessionId, generation } = shown;
      const known = await personal.client(sessionId);
      const sameClient = known?.network === client.network && known.user_agent === client.user_agent;
      if (!sameClient && generation === open.generation) {
        // Before the token is used up: the same client may ask again while it waits.
        await personal.keepClient(sessionId, client);
      }
      const { position } = await run(
        sessionId,
        {
          type: 'refresh',
          generation,
          nextSha256: tokens.hash(sessionId, generation + 1),
          sessionVersion: version,
          sameClient,
          at: now(),
        },
        byUser(open.userId, client, requestId),
      );
      return grant(sessionId, position);
    },
    carryOn: async (sessionId, sessionVersion, context) => {
      const open = await openSession(sessionId);
      if (!open) {
        throw unauthorized();
      }
      const { generation } = open;
      const nextSha256 = tokens.hash(sessionId, generation + 1);
      const { position } = await run(
        sessionId,
        { type: 'carry-on', generation, nextSha256, sessionVersion, at: now() },
        stepOf(context, `carry on ${sessionId}`),
      );
      return grant(sessionId, position);
    },
    end,
    endAll: async (userId, reason, context, which = () => true) => {
      await deps.fresh();
      let last: bigint | undefined;
      for (const { id } of deps.sessionsOf(userId).filter(which)) {
        last = (await end(id, reason, context)) ?? last;
      }
      if (last !== undefined) {
        await deps.passed(last, SETTLE_MS);
      }
    },
  };
}

const unauthorized = (): NxError => new NxError('UNAUTHORIZED', 'The refresh token is not valid');
