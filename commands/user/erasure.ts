// SPDX-License-Identifier: Apache-2.0
import { type Clock, streams, timestamp, uuidv5 } from '../../kernel/index.js';
import type { CommandContext } from '../context.js';
import type { Handlers } from '../handlers.js';
import { stepOf } from '../request.js';
import type { Sessions } from '../session/sessions.js';
import type { Names } from './names.js';
import type { PersonalRecords } from './personal.js';

export interface ErasureDeps {
  readonly handlers: Handlers;
  readonly personal: PersonalRecords;
  readonly names: Names;
  readonly sessions: Sessions;
  readonly clock: Clock;
  /** Keys of a user that are not revoked. */
  readonly keysOf: (userId: string) => readonly string[];
  readonly fresh: () => Promise<unknown>;
  /** Destroys the key of what is sealed for them in the log. */
  readonly destroyKey: (userId: string) => Promise<void>;
  /** Ends the user's roles in every organization. */
  readonly endMemberships: (userId: string, context: CommandContext) => Promise<void>;
}

/**
 * What follows from `user.erased`. Done again it does nothing, so that whoever finds it half done may do all of it: the
 * names are given back while the vault still tells them, and the vault forgets them last.
 */
export function erasure(deps: ErasureDeps): (userId: string) => Promise<void> {
  const { handlers, personal, names, sessions, clock } = deps;
  return async (userId) => {
    const commandId = uuidv5('erase-user', userId);
    const context: CommandContext = {
      commandId,
      digest: commandId,
      correlationId: commandId,
      causationId: commandId,
      actor: 'workflow:erasure',
    };
    await deps.fresh();
    await sessions.endAll(userId, 'user_erased', context);
    for (const id of deps.keysOf(userId)) {
      await handlers.apiKey.run(
        streams.api_key(id),
        id,
        { type: 'revoke', at: timestamp(clock.now()) },
        stepOf(context, `revoke ${id}`),
        () => undefined,
      );
    }
    await deps.endMemberships(userId, context);
    const profile = await personal.profile(userId);
    if (profile) {
      await names.release('email', profile.email, userId, context);
      await names.release('username', profile.username, userId, context);
    }
    await personal.forget(userId);
    await deps.destroyKey(userId);
  };
}
