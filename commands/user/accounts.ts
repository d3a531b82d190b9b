// SPDX-License-Identifier: Apache-2.0
import {
  type Clock,
  conflict,
  foldedName,
  notFound,
  type Secret,
  streams,
  timestamp,
} from '../../kernel/index.js';
import type { CreateUser, UpdateUser } from '../../schemas/index.js';
import type { CommandContext } from '../context.js';
import type { Outcome } from '../handler.js';
import type { Handlers } from '../handlers.js';
import type { Name, Names } from './names.js';
import type { Passwords } from './password.js';
import type { PersonalRecords, Profile } from './personal.js';

export interface AccountDeps {
  readonly handlers: Handlers;
  readonly personal: PersonalRecords;
  readonly names: Names;
  readonly passwords: Passwords;
  readonly clock: Clock;
  /** Administrators of the installation who are not disabled, once everything in the log counts. */
  readonly administrators: () => Promise<readonly string[]>;
  /** One at a time over all processes, under a name. */
  readonly exclusively: <T>(name: string, task: () => Promise<T>) => Promise<T>;
}

/** A user as its profile and the log have it together. */
export interface Account {
  readonly profile: Profile;
  readonly isAdmin: boolean;
  readonly disabled: boolean;
  readonly createdAt: string;
  readonly updatedAt: string;
}

type Change = Omit<UpdateUser, 'password'> & { readonly password?: Secret };
type NewUser = Omit<CreateUser, 'password'>;

export interface Accounts {
  create(id: string, body: NewUser, password: Secret, context: CommandContext): Promise<Outcome<Account>>;
  /** `keptSessionId`: the session that goes on under a new password. */
  change(
    id: string,
    change: Change,
    context: CommandContext,
    keptSessionId?: string | null,
  ): Promise<Outcome<Account>>;
  sessionVersion(id: string): Promise<number | undefined>;
  /** Says in the log that the user is erased; `erasure` does the rest. */
  erase(id: string, context: CommandContext): Promise<Outcome<undefined>>;
}

const NAMES = ['email', 'username'] as const satisfies readonly Name[];
const FIELDS = ['username', 'email', 'full_name'] as const;

/**
 * Users; whether a new password keeps the rules is for who asks. What is personal is written to the vault before the event
 * that tells of it, so that whoever follows the log finds it; a new password after its event, which ends the sessions
 * under the old one.
 */
export function accounts(deps: AccountDeps): Accounts {
  const { handlers, personal, names, passwords, clock, exclusively } = deps;
  const now = (): string => timestamp(clock.now());
  const ofUser = <T>(id: string, task: () => Promise<T>): Promise<T> => exclusively(`user ${id}`, task);
  const state = (id: string) => handlers.user.peek(streams.user(id), (known) => ({ ...known }));

  const run = (
    id: string,
    command: Parameters<Handlers['user']['run']>[2],
    context: CommandContext,
    profile: Profile,
  ) =>
    handlers.user.run(streams.user(id), id, command, context, ({ user }): Account => {
      if (!user) {
        throw notFound('user');
      }
      return { ...user, profile };
    });

  /** Who would be the last to go must stay: nobody could let anybody in again. */
  async function guarded<T>(id: string, task: () => Promise<T>): Promise<T> {
    return exclusively('administrators', async () => {
      const all = await deps.administrators();
      if (all.length === 1 && all[0] === id) {
        throw conflict('The last administrator cannot be disabled, demoted or erased');
      }
      return task();
    });
  }

  async function reserveAll(id: string, wanted: readonly [Name, string][], context: CommandContext) {
    const done: [Name, string][] = [];
    try {
      for (const [name, value] of wanted) {
        await names.reserve(name, value, id, context);
        done.push([name, value]);
      }
    } catch (error) {
      for (const [name, value] of done) {
        await names.release(name, value, id, context);
      }
      throw error;
    }
  }

  return {
    create: (id, body, password, context) =>
      ofUser(id, async () => {
        const { username, email, full_name = null } = body;
        const profile = { username, email, full_name };
        const known = await state(id);
        if (known.revision < 0n) {
          const phc = await passwords.hash(password);
          await reserveAll(
            id,
            NAMES.map((name) => [name, profile[name]]),
            context,
          );
          await personal.keepProfile(id, profile);
          await personal.keepPasswordHash(id, phc);
        }
        const command = { type: 'create-user', id, isAdmin: body.is_admin ?? false, at: now() } as const;
        return run(id, command, context, profile);
      }),
    change: (id, change, context, keptSessionId = null) => {
      const { password, is_active: isActive, is_admin: isAdmin } = change;
      const task = () =>
        ofUser(id, async () => {
          const [known, profile] = [await state(id), await personal.profile(id)];
          if (!known.user || !profile) {
            throw notFound('user');
          }
          const next: Profile = {
            username: change.username ?? profile.username,
            email: change.email ?? profile.email,
            full_name: change.full_name === undefined ? profile.full_name : change.full_name,
          };
          // Refused before anything of it is kept: at another revision, or under the key of another request.
          const before = await run(id, { type: 'update-user', changed: [], at: now() }, context, next);
          if (before.repeated && before.revision < known.revision) {
            // What came since stays.
            return before;
          }
          const phc = password && (await passwords.hash(password));
          const unsaid = await personal.unsaid(id);
          // Kept by one whose event did not get into the log.
          const owed = unsaid?.revision === known.revision ? unsaid.fields : [];
          const changed = FIELDS.filter((one) => next[one] !== profile[one] || owed.includes(one));
          const moved = NAMES.filter((name) => !sameName(next[name], profile[name]));
          await reserveAll(
            id,
            moved.map((name) => [name, next[name]]),
            context,
          );
          if (changed.length > 0) {
            await personal.keepProfile(id, next, { fields: changed, revision: known.revision });
          }
          const command = {
            type: 'update-user',
            changed,
            ...(isAdmin === undefined ? {} : { isAdmin }),
            ...(isActive === undefined ? {} : { isActive }),
            ...(phc ? { newPassword: { keptSessionId } } : {}),
            at: now(),
          } as const;
          const outcome = await run(id, command, context, next);
          if (phc) {
            await personal.keepPasswordHash(id, phc);
          }
          for (const name of moved) {
            await names.release(name, profile[name], id, context);
          }
          return outcome;
        });
      return isActive === false || isAdmin === false ? guarded(id, task) : task();
    },
    sessionVersion: async (id) => (await state(id)).user?.sessionVersion,
    erase: (id, context) =>
      guarded(id, () =>
        ofUser(id, () =>
          handlers.user.run(
            streams.user(id),
            id,
            { type: 'erase-user', at: now() },
            context,
            () => undefined,
          ),
        ),
      ),
  };
}

const sameName = (a: string, b: string): boolean => foldedName(a) === foldedName(b);
