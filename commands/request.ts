// SPDX-License-Identifier: Apache-2.0
import type { HandlerRequest, HandlerResult } from '../http/index.js';
import {
  type Clock,
  digestOf,
  notFound,
  type Random,
  streams,
  unavailable,
  uuidv5,
  uuidv7,
} from '../kernel/index.js';
import type { CommandContext } from './context.js';
import type { Outcome } from './handler.js';
import type { Handlers } from './handlers.js';

/** Where a resource belongs or, once it is gone, belonged; undefined when it never was. Answered by the read models. */
export type Locate = (
  kind: 'workspace' | 'agent' | 'upstream' | 'virtual_host' | 'certificate',
  id: string,
) => Promise<{ readonly workspaceId: string; readonly organizationId: string } | undefined>;

export interface CommandDeps {
  readonly handlers: Handlers;
  readonly locate: Locate;
  /** Whether the read models have passed the position within so many milliseconds. */
  readonly passed: (position: bigint, ms: number) => Promise<boolean>;
  readonly clock: Clock;
  readonly random: Random;
}

/** How long the read models are waited for. An answer is right without them, only not yet to be read elsewhere. */
const SETTLE_MS = 2000;

/** Any request to a write route, whatever its path and body. */
type AnyRequest = Pick<
  HandlerRequest<unknown, unknown, unknown>,
  'principal' | 'idempotencyKey' | 'ifMatch' | 'requestId' | 'path' | 'body' | 'network'
>;

/**
 * Who asks, as the command's context. An `Idempotency-Key` is the caller's own on this path: another principal's, or
 * one on another path, is another command.
 */
export function contextOf(
  request: AnyRequest,
  { clock, random }: Pick<CommandDeps, 'clock' | 'random'>,
  scope: { organizationId?: string; workspaceId?: string } = {},
): CommandContext {
  const { principal, idempotencyKey, ifMatch, path, body, requestId } = request;
  return {
    commandId:
      idempotencyKey === undefined
        ? uuidv7(clock, random)
        : uuidv5('idempotency-key', principal.id, path, idempotencyKey),
    digest: digestOf({ path, body: body ?? null }),
    correlationId: requestId,
    causationId: requestId,
    actor: `${principal.kind}:${principal.id}`,
    asker: { userId: principal.userId, network: request.network },
    ...scope,
    ...(ifMatch === undefined ? {} : { ifMatch }),
  };
}

/** The context of a step that a command takes in another stream: its own id, the same cause. */
export function stepOf(context: CommandContext, step: string): CommandContext {
  const { ifMatch: _, ...rest } = context;
  return { ...rest, commandId: uuidv5(context.commandId, step), causationId: context.commandId };
}

/**
 * The organization and workspace of a resource that the caller may act on; NOT_FOUND as for an id that is nobody's. What
 * he has seen made (`NxMesh-Position`) by another process, the read models may not know yet: they are waited for.
 */
export async function placeOf(
  { locate, passed }: Pick<CommandDeps, 'locate' | 'passed'>,
  { allow, position }: Pick<HandlerRequest, 'allow' | 'position'>,
  kind: Parameters<Locate>[0],
  id: string,
): Promise<{ workspaceId: string; organizationId: string }> {
  let place = await locate(kind, id);
  if (!place && position !== undefined) {
    if (!(await passed(position, SETTLE_MS))) {
      throw unavailable(`Position ${position} cannot be read yet`);
    }
    place = await locate(kind, id);
  }
  if (!place) {
    throw notFound(kind.replace('_', ' '));
  }
  allow(place.organizationId, place.workspaceId);
  return place;
}

/** Whoever has a role in an organization knows that it is there; an administrator has one in any that may be. */
export const organizationExists = (
  { handlers }: Pick<CommandDeps, 'handlers'>,
  id: string,
): Promise<boolean> =>
  handlers.organization.peek(streams.organization(id), ({ organization }) => organization !== undefined);

/** Waits for the read models, so that the caller reads what it wrote, and shapes the answer. */
export async function answer<R>(deps: CommandDeps, outcome: Outcome<R>): Promise<HandlerResult> {
  const { result, revision, position } = outcome;
  if (position !== undefined) {
    await deps.passed(position, SETTLE_MS);
  }
  return {
    ...(result === undefined ? {} : { body: result, revision }),
    ...(position === undefined ? {} : { position }),
  };
}
