// SPDX-License-Identifier: Apache-2.0
import { status } from '@grpc/grpc-js';
import type { Random, Timers } from '../kernel/index.js';
import { type Clock, uuidv7 } from '../kernel/index.js';
import type { admission, attemptLimit } from './bucket.js';
import type { GatewaySettings } from './deps.js';
import { type EnrolmentDeps, enrol, refusal } from './enrolment.js';
import type { Credential } from './identity.js';
import type { Link } from './link.js';
import { openSession, type SessionDeps } from './session.js';
import type { Sessions } from './sessions.js';
import { decodeAgent } from './wire.js';

export interface AcceptDeps extends EnrolmentDeps, SessionDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly gate: ReturnType<typeof admission>;
  /** How often each agent comes: one that flaps must not fill the log. */
  readonly comings: ReturnType<typeof attemptLimit>;
  readonly sessions: Sessions;
}

/** The first message in time, or undefined with the link ended. */
async function firstMessage(deps: AcceptDeps, link: Link, ms: number): Promise<Buffer | undefined> {
  const cancel = deps.timers.after(ms, () => link.end(status.DEADLINE_EXCEEDED, 'No registration in time'));
  const first = await link.messages.next();
  cancel();
  return first.done ? undefined : first.value;
}

/**
 * One stream from its first byte: at a bounded rate, with a registration as its first message, and with nothing but a
 * registration token to be had without a certificate.
 */
export async function accept(
  deps: AcceptDeps,
  settings: GatewaySettings,
  agent: Credential | undefined,
  link: Link,
): Promise<void> {
  const flaps = agent ? deps.comings.wait(agent.agentId) : 0;
  const retryAfterMs = flaps || deps.gate.take();
  if (retryAfterMs > 0) {
    const message = flaps > 0 ? 'The agent connects too often' : 'Too many agents connect at once';
    link.send({ $case: 'registrationResponse', value: refusal(message, retryAfterMs) });
    link.end(status.RESOURCE_EXHAUSTED, message);
    return;
  }
  if (agent && deps.desired.isRemoved(agent)) {
    link.end(status.PERMISSION_DENIED, 'The agent was removed');
    return;
  }
  const bytes = await firstMessage(deps, link, settings.firstMessageMs);
  if (!bytes) {
    link.end(status.CANCELLED, '');
    return;
  }
  const message = decodeAgent(bytes);
  if (message?.payload?.$case !== 'registration') {
    if (!agent) {
      link.end(status.UNAUTHENTICATED, 'A client certificate or a registration token is needed');
    } else {
      link.end(status.INVALID_ARGUMENT, 'The first message must be a registration');
    }
    return;
  }
  const request = message.payload.value;
  if (!agent) {
    if (request.token === '') {
      link.end(status.UNAUTHENTICATED, 'A client certificate or a registration token is needed');
      return;
    }
    await enrol(deps, settings, link, message.agentId, request);
    return;
  }
  if (message.agentId !== agent.agentId) {
    link.end(status.PERMISSION_DENIED, 'agent_id is not that of the certificate');
    return;
  }
  if (request.token !== '') {
    link.end(status.PERMISSION_DENIED, 'An agent with a certificate registers without token');
    return;
  }
  deps.comings.count(agent.agentId);
  const sessionId = uuidv7(deps.clock, deps.random);
  const session = await openSession(deps, settings, agent, link, sessionId, request);
  if (session) {
    await deps.sessions.hold(session);
  }
}
