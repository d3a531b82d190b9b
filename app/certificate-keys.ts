// SPDX-License-Identifier: Apache-2.0
import { destroyAddress, destroyMaterial, destroyUnsaid, type Handlers } from '../commands/index.js';
import type { EventLog } from '../event-log/index.js';
import type { Clock, Timers } from '../kernel/index.js';
import type { StoredEvent } from '../schemas/index.js';
import type { Vault } from '../vault/index.js';
import type { Checkpoint } from './workflow-checkpoint.js';

/**
 * Destroys the key of every deleted certificate. The request that deletes does it too; this finishes what a crash
 * between the two left undone. Done again it does nothing, so the checkpoint only shortens the way after a restart.
 */
export async function destroyDeletedKeys(
  { events, vault, checkpoint }: { events: EventLog; vault: Vault; checkpoint: Checkpoint },
  signal: AbortSignal,
): Promise<void> {
  const after = await checkpoint.load();
  const types = ['certificate.deleted'] as const;
  for await (const delivery of events.subscribe({ after, categories: ['workspace'], types, signal })) {
    if (delivery.kind === 'event') {
      await destroyMaterial(vault, (delivery.event as StoredEvent<(typeof types)[0]>).data.certificate_id);
    } else {
      await checkpoint.save(delivery.position);
    }
  }
}

/** Destroys the address of every invitation that is over, also of those that fell with whoever had made them. */
export async function destroyInvitedAddresses(
  { events, vault, checkpoint }: { events: EventLog; vault: Vault; checkpoint: Checkpoint },
  signal: AbortSignal,
): Promise<void> {
  const after = await checkpoint.load();
  const types = ['invitation.accepted', 'invitation.revoked'] as const;
  for await (const delivery of events.subscribe({ after, categories: ['organization'], types, signal })) {
    if (delivery.kind === 'event') {
      await destroyAddress(vault, (delivery.event as StoredEvent<(typeof types)[number]>).data.invitation_id);
    } else {
      await checkpoint.save(delivery.position);
    }
  }
}

/** Abandoned uploads are few, and nothing waits for their keys to go. */
const LOOK_MS = 600_000;

/** Destroys the keys of uploads that a crash has cut off, now and from time to time. */
export async function destroyUnsaidKeys(
  { timers, ...deps }: { vault: Vault; handlers: Handlers; clock: Clock; timers: Timers },
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await destroyUnsaid(deps);
    await timers.sleep(LOOK_MS, signal).catch(() => {});
  }
}
