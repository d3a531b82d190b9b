// SPDX-License-Identifier: Apache-2.0
import type { PersonalRecords, Sessions } from '../commands/index.js';
import type { EventLog } from '../event-log/index.js';
import { never, type Timers, unavailable, uuidv5 } from '../kernel/index.js';
import type { Access } from '../projections/index.js';
import type { EventType, StoredEvent } from '../schemas/index.js';
import type { Checkpoint } from './workflow-checkpoint.js';

interface Deps {
  readonly events: EventLog;
  readonly access: Access;
  readonly sessions: Sessions;
  readonly personal: PersonalRecords;
  /** Does what follows from a user's erasure. */
  readonly forget: (userId: string) => Promise<void>;
  readonly checkpoint: Checkpoint;
}

const TYPES = [
  'user.erased',
  'user.disabled',
  'user.password_changed',
  'session.started',
  'session.ended',
] as const satisfies readonly EventType[];

type Followed = StoredEvent<(typeof TYPES)[number]>;

const PASSED_MS = 10_000;
const EXPIRE_EVERY_MS = 60_000;

/**
 * Sessions end with what they rest on, and what is personal goes when its time has come. The request that causes it
 * does it too; this finishes what a crash left undone. Done again it does nothing.
 */
export async function finishSignIns(deps: Deps, signal: AbortSignal): Promise<void> {
  const { events, access, sessions, personal, checkpoint } = deps;

  async function finish(event: Followed): Promise<void> {
    switch (event.type) {
      case 'user.erased':
        return deps.forget(event.data.user_id);
      case 'user.disabled':
        // It may have been enabled again since.
        return access.rights(event.data.user_id) === undefined
          ? sessions.endAll(event.data.user_id, 'user_disabled', because(event))
          : undefined;
      case 'user.password_changed': {
        const { user_id, session_version, kept_session_id } = event.data;
        return sessions.endAll(
          user_id,
          'password_changed',
          because(event),
          (one) => one.sessionVersion < session_version && one.id !== kept_session_id,
        );
      }
      case 'session.started':
        // Signed in while being shut out.
        if (access.rights(event.data.user_id) === undefined) {
          await sessions.end(event.data.session_id, 'user_disabled', because(event));
        }
        return;
      case 'session.ended':
        return personal.forgetClient(event.data.session_id);
      default:
        never(event, 'event about sign-ins');
    }
  }

  const after = await checkpoint.load();
  const categories = ['user', 'session'] as const;
  for await (const delivery of events.subscribe({ after, categories, types: TYPES, signal })) {
    if (delivery.kind === 'event') {
      if (!(await access.passed(delivery.event.position, PASSED_MS))) {
        throw unavailable('the rights are behind');
      }
      await finish(delivery.event as Followed);
    } else {
      await checkpoint.save(delivery.position);
    }
  }
}

/** Ends sessions whose time is over, so that what is known of their clients goes too. */
export async function expireSessions(
  { access, sessions, timers }: Pick<Deps, 'access' | 'sessions'> & { readonly timers: Timers },
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    for (const { id } of access.expired()) {
      await sessions.end(id, 'expired', system(uuidv5('expire', id), id));
    }
    await timers.sleep(EXPIRE_EVERY_MS, signal);
  }
}

const because = ({ id, meta }: Followed) => system(uuidv5('sign-ins', id), meta.correlation_id, id);

const system = (commandId: string, correlationId: string, causationId = correlationId) => ({
  commandId,
  digest: commandId,
  correlationId,
  causationId,
  actor: 'workflow:sign-ins',
});
