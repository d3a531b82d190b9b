// SPDX-License-Identifier: Apache-2.0
import type { IfMatch } from '../http/index.js';
import { type Clock, eventId, timestamp } from '../kernel/index.js';
import { type Fact, type NewEvent, schemaVersion } from '../schemas/index.js';

/** Who asks for a command and why; it ends in the metadata of the command's events. */
export interface CommandContext {
  /** The same id with the same content is answered again, never done again. */
  readonly commandId: string;
  /** Digest of the command's content. */
  readonly digest: string;
  readonly correlationId: string;
  readonly causationId: string;
  /** `user:<id>`, `agent:<id>`, `workflow:<name>` or `system`. */
  readonly actor: string;
  /** The person who asks and the network that they ask from. */
  readonly asker?: { readonly userId: string; readonly network: string };
  readonly organizationId?: string;
  readonly workspaceId?: string;
  /** Revisions of the resource that the caller accepts; at another one the command is refused with 412. */
  readonly ifMatch?: IfMatch;
}

/** Facts as events, with ids that follow from the command's. */
export function toEvents(
  facts: readonly Fact[],
  context: CommandContext,
  clock: Clock,
  addressSealed: string | undefined,
): NewEvent[] {
  const recordedAt = timestamp(clock.now());
  return facts.map((fact, index) => ({
    ...fact,
    id: eventId(context.commandId, index),
    meta: {
      command_id: context.commandId,
      command_digest: context.digest,
      correlation_id: context.correlationId,
      causation_id: context.causationId,
      actor: context.actor,
      ...(addressSealed === undefined ? {} : { address_sealed: addressSealed }),
      ...(context.organizationId === undefined ? {} : { organization_id: context.organizationId }),
      ...(context.workspaceId === undefined ? {} : { workspace_id: context.workspaceId }),
      schema_version: String(schemaVersion(fact.type)),
      recorded_at: recordedAt,
    },
  }));
}
