// SPDX-License-Identifier: Apache-2.0
import { status } from '@grpc/grpc-js';
import { errorMessage, never, timestamp } from '../kernel/index.js';
import type { Ack, AgentMessage, RegistrationRequest } from '../proto/index.js';
import type { EventData } from '../schemas/index.js';
import type { AlertWatch } from './alerts.js';
import { courier } from './courier.js';
import type { GatewayDeps, GatewaySettings } from './deps.js';
import type { Desired, Member } from './desired.js';
import { desk } from './desk.js';
import { buildOf, capabilitiesOf, factsOf, heldFiles, provenDigest } from './facts.js';
import type { History } from './history.js';
import type { Credential } from './identity.js';
import type { Link } from './link.js';
import type { Memory, PendingCommand } from './memory.js';
import type { Recorder } from './recorder.js';
import type { Telemetry } from './telemetry.js';
import { decodeAgent } from './wire.js';
import { line } from './words.js';

type EndReason = EventData<'agent.disconnected'>['reason'];

export interface SessionDeps
  extends Pick<GatewayDeps, 'clock' | 'timers' | 'logger' | 'certificateMaterial'> {
  readonly recorder: Recorder;
  readonly memory: Memory;
  readonly desired: Desired;
  readonly past: History;
  readonly telemetry: Telemetry;
  readonly alerts: AlertWatch;
  /** A new certificate for an agent that has one; undefined when the request is not in order. */
  renew(agent: Credential, csrPem: string): Promise<string | undefined>;
  readonly caPem: string;
}

/** One connected agent. */
export interface Session {
  readonly id: string;
  readonly agent: Credential;
  command(command: PendingCommand): void;
  retry(): void;
  /** Ends it from our side; the first reason counts. */
  end(reason: EndReason, code: status, details: string): void;
  /** Ends it if the agent has been silent, has not answered, or may not be here any more. */
  check(): void;
  /** Takes the agent's messages until the stream ends. */
  run(): Promise<void>;
}

const FLIP_MS = 1_000;
const NOT_KEPT = 'It could not be kept now; send it again';
const EVENT_TYPE = /^agent\.[a-z0-9_.]{1,64}$/;

/**
 * A session from the agent's first message on. Undefined, with the link ended, when that message is not in order.
 */
export async function openSession(
  deps: SessionDeps,
  settings: GatewaySettings,
  agent: Credential,
  link: Link,
  sessionId: string,
  request: RegistrationRequest,
): Promise<Session | undefined> {
  const { clock, recorder } = deps;
  const { agentId } = agent;
  const at = (): string => timestamp(clock.now());
  const capabilities = capabilitiesOf(request);
  if (capabilities && 'invalid' in capabilities) {
    link.end(status.INVALID_ARGUMENT, `${capabilities.invalid} is not in order`);
    return undefined;
  }
  const certificatePem = request.csrPem === '' ? '' : await deps.renew(agent, request.csrPem);
  if (certificatePem === undefined) {
    link.end(status.INVALID_ARGUMENT, 'csr_pem is not in order');
    return undefined;
  }
  const welcome = (certificate: string): void =>
    link.send({
      $case: 'registrationResponse',
      value: {
        agentId,
        success: true,
        errorMessage: '',
        heartbeatIntervalSeconds: BigInt(Math.max(1, Math.round(settings.heartbeatMs / 1000))),
        certificatePem: certificate,
        caPem: deps.caPem,
        retryAfterMs: 0n,
      },
    });

  let heard = clock.monotonic();
  let flipped = Number.NEGATIVE_INFINITY;
  let ran = false;
  let tried = Number.NEGATIVE_INFINITY;
  let ended: EndReason | undefined;
  const post = courier(
    {
      ...deps,
      send: (message) => link.sendBytes(message),
      changed: () => deps.desired.hold(member),
    },
    agent,
    { proven: provenDigest(request), held: heldFiles(request) },
  );
  const member: Member = {
    identity: agent,
    capabilities,
    holding: () => post.holding(),
    desire: (rendering, version) => post.desire(rendering, version),
    removed: () => end('removed', status.PERMISSION_DENIED, 'The agent was removed'),
  };
  const commands = desk({ ...deps, send: (payload) => link.send(payload) }, agent, settings.commandMs);

  const end = (reason: EndReason, code: status, details: string): void => {
    ended ??= reason;
    link.end(code, details);
  };
  const ack = (messageId: string, errorMessage = ''): void => {
    if (messageId !== '') {
      const value: Ack = { messageId, success: errorMessage === '', errorMessage };
      link.send({ $case: 'ack', value });
    }
  };

  /** A fact at most once a second: the next report tells what this one did not. */
  const nginxIs = async (running: boolean): Promise<void> => {
    // What was refused because nginx did not run is tried once it does: one that is attached may be started later. One
    // that flaps is tried with a heartbeat that comes late enough: each try is a fact of the log.
    const due = running && !ran && deps.memory.failure(agentId)?.reason === 'HEALTH_GATE';
    const early = clock.monotonic() - tried < settings.heartbeatMs;
    ran = running && !(due && early);
    if (due && !early) {
      tried = clock.monotonic();
      post.retry();
    }
    const known = deps.memory.get(agentId)?.state.nginxRunning === running;
    if (!known && clock.monotonic() - flipped >= FLIP_MS) {
      flipped = clock.monotonic();
      await recorder.record(agent, { type: 'mark-nginx', agent_id: agentId, running, at: at() });
    }
  };

  /** What is wrong with the message, or nothing. */
  const handle = async (payload: NonNullable<AgentMessage['payload']>): Promise<string> => {
    switch (payload.$case) {
      case 'registration': {
        const renewed =
          payload.value.token === '' ? await deps.renew(agent, payload.value.csrPem) : undefined;
        if (renewed !== undefined) {
          welcome(renewed);
        }
        return renewed === undefined ? 'The agent is registered; only a renewal is possible' : '';
      }
      case 'health':
        deps.telemetry.health(agent, payload.value);
        if (payload.value.nginx) {
          await nginxIs(payload.value.nginx.isRunning);
        }
        await deps.alerts(agent, payload.value);
        return '';
      case 'configStatus':
        await post.status(payload.value);
        return '';
      case 'metrics':
        return (await deps.telemetry.metrics(agent, payload.value)) ? '' : NOT_KEPT;
      case 'commandResult':
        await commands.answered(payload.value);
        return '';
      case 'event': {
        const type = line(payload.value.eventType, 80);
        const allowed = EVENT_TYPE.test(type);
        deps.logger.info({ agent_id: agentId, type, allowed }, 'event of an agent');
        return allowed ? '' : 'Only events of type agent.* are taken';
      }
      case 'logs':
        return (await deps.telemetry.logs(agent, payload.value)) ? '' : NOT_KEPT;
      default:
        return never(payload, 'payload of an agent');
    }
  };

  const take = async (bytes: Buffer): Promise<void> => {
    const message = decodeAgent(bytes);
    if (!message?.payload) {
      end('protocol_error', status.INVALID_ARGUMENT, 'The message cannot be decoded');
      return;
    }
    if (message.agentId !== agentId) {
      deps.logger.warn({ agent_id: agentId, claimed: line(message.agentId, 64) }, 'an agent named another');
      end('protocol_error', status.PERMISSION_DENIED, 'agent_id is not that of the certificate');
      return;
    }
    heard = clock.monotonic();
    // Not awaited: an answer that waits for the log must not make the agent seem silent.
    void handle(message.payload)
      .catch((error: unknown) => {
        deps.logger.error({ agent_id: agentId, error: errorMessage(error) }, 'a message was not handled');
        return 'Internal error';
      })
      .then((wrong) => ack(line(message.messageId, 128), wrong));
    await link.room();
    const pause = deps.telemetry.pauseMs(agent);
    if (pause > 0) {
      await deps.timers.sleep(pause);
    }
  };

  return {
    id: sessionId,
    agent,
    command: (command) => {
      if (command.kind === 'reload') {
        post.retry();
      }
      commands.hand(command);
    },
    retry: () => post.retry(),
    end,
    check: () => {
      post.checkBehind(settings.overdueMs);
      post.checkTaken(settings.takenMs, link.empty());
      if (clock.monotonic() - heard > 2 * settings.heartbeatMs + settings.heartbeatGraceMs) {
        end('connection_timeout', status.DEADLINE_EXCEEDED, 'Nothing heard for two heartbeats');
      } else if (post.waiting() > settings.answerMs) {
        end('connection_timeout', status.DEADLINE_EXCEEDED, 'An update was not answered');
      } else if (clock.now() >= agent.expiresAt) {
        end('connection_closed', status.UNAUTHENTICATED, 'The certificate has expired');
      }
    },
    run: async () => {
      welcome(certificatePem);
      void recorder.record(agent, {
        type: 'connect',
        data: { agent_id: agentId, session_id: sessionId, facts: factsOf(request), at: at() },
        ...(capabilities ? { build: buildOf(capabilities) } : {}),
      });
      await post.begin();
      const leave = deps.desired.join(member);
      for (;;) {
        const next = await link.messages.next();
        if (next.done || ended) {
          break;
        }
        await take(next.value);
      }
      leave();
      post.close();
      commands.close();
      link.end(status.OK, '');
      const reason = ended ?? 'connection_closed';
      await recorder.record(agent, {
        type: 'disconnect',
        agent_id: agentId,
        session_id: sessionId,
        reason,
        at: at(),
      });
    },
  };
}
