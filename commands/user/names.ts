// SPDX-License-Identifier: Apache-2.0
import { type Clock, conflict, detail, streams, timestamp } from '../../kernel/index.js';
import type { CommandContext } from '../context.js';
import type { Handlers } from '../handlers.js';
import { stepOf } from '../request.js';
import { abandoned } from '../reservation.js';
import type { PersonalRecords, Profile } from './personal.js';

export type Name = 'email' | 'username';

export interface Names {
  /** Who has an address or a user name. */
  holder(name: Name, value: string): Promise<string | undefined>;
  /** CONFLICT when another user has it. */
  reserve(name: Name, value: string, userId: string, context: CommandContext): Promise<void>;
  release(name: Name, value: string, userId: string, context: CommandContext): Promise<void>;
}

/**
 * Addresses and user names, each had by one user. A reservation is made before the profile that it is for, and given
 * back after; one that a crash has left, whose holder goes by another name or by none, may be taken over.
 */
export function names(deps: { handlers: Handlers; personal: PersonalRecords; clock: Clock }): Names {
  const { handlers, personal, clock } = deps;
  const handler = { email: handlers.email, username: handlers.username };
  const streamOf = { email: personal.emailStream, username: personal.usernameStream };

  const goesBy = async (userId: string, name: Name, stream: string): Promise<boolean> => {
    const there = await handlers.user.peek(streams.user(userId), (state) => state.user !== undefined);
    const profile: Profile | undefined = there ? await personal.profile(userId) : undefined;
    return profile !== undefined && streamOf[name](profile[name]) === stream;
  };

  const holderOf = (name: Name, stream: string) => handler[name].peek(stream, (state) => state.holder);

  return {
    holder: async (name, value) => (await holderOf(name, streamOf[name](value)))?.userId,
    reserve: async (name, value, userId, context) => {
      const stream = streamOf[name](value);
      const holder = await holderOf(name, stream);
      const takeOver = await abandoned(
        holder && { id: holder.userId, at: holder.at },
        (id) => goesBy(id, name, stream),
        clock,
      );
      await handler[name].run(
        stream,
        userId,
        { type: 'reserve', userId, at: timestamp(clock.now()), ...takeOver },
        stepOf(context, `reserve ${stream}`),
        () => undefined,
      );
      // Asked again, the command is answered as before, though the name may have been taken over since.
      if ((await holderOf(name, stream))?.userId !== userId) {
        throw conflict('The name is taken', [detail(name, 'DUPLICATE', 'Another user has it')]);
      }
    },
    release: async (name, value, userId, context) => {
      const stream = streamOf[name](value);
      await handler[name].run(
        stream,
        userId,
        { type: 'release', userId, at: timestamp(clock.now()) },
        stepOf(context, `release ${stream}`),
        () => undefined,
      );
    },
  };
}
