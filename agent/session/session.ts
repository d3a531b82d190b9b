// SPDX-License-Identifier: Apache-2.0
import type { ServiceError } from '@grpc/grpc-js';
import { type Clock, errorMessage, type Random, type Timers, uuidv7 } from '../../kernel/index.js';
import type { AgentMessage, MasterMessage } from '../../proto/index.js';
import type { Done } from '../apply/commands.js';
import type { Report } from '../apply/update.js';
import type { Core } from '../core.js';
import type { Log } from '../log.js';
import type { FullSettings } from '../settings.js';
import type { Telemetry } from '../telemetry/telemetry.js';
import type { Address } from './address.js';
import type { Alerts } from './alerts.js';
import { createAssembler } from './assemble.js';
import { openChannel } from './channel.js';
import { obey } from './commands.js';
import { createHealth } from './health.js';
import { type Identity, signingRequest, storeIdentity } from './identity.js';
import { configStatus, registration } from './messages.js';
import type { Once } from './once.js';
import type { Teller } from './teller.js';

export interface SessionDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Log;
  readonly core: Core;
  readonly settings: FullSettings;
  readonly address: Address;
  readonly teller: Teller;
  readonly telemetry: Telemetry;
  /** Outlives the session: an alert is the same alert after a new connection. */
  readonly alerts: Alerts;
  /** So does what was done already. */
  readonly once: Once<Done>;
  readonly signal: AbortSignal;
}

export interface SessionEnd {
  /** The gateway took us in. */
  readonly welcome: boolean;
  /** Milliseconds that it asked us to stay away. */
  readonly retryAfterMs: number;
  readonly why: string;
}

type Payload = NonNullable<AgentMessage['payload']>;

const ANSWER_MS = 30_000;
const FAREWELL_MS = 5000;
const HEARTBEAT_S = 30;
const MOST_HEARTBEAT_S = 3600;

/** One connection with the gateway from its beginning to its end, whoever ends it. Never rejects. */
export async function runSession(deps: SessionDeps, identity: Identity): Promise<SessionEnd> {
  const { core, clock, timers, teller, log } = deps;
  const renewing = clock.now() >= identity.renewAt;
  const csrPem = renewing ? await signingRequest(core.layout.identity) : '';
  const hello = await registration(core, deps.settings, csrPem);
  const { stream, close } = openChannel(deps.address, identity);
  const assemble = createAssembler(core.store);
  const health = createHealth(core, clock);
  let welcome = false;
  let retryAfterMs = 0;
  let updates = 0;
  let newest = 0n;
  const endings: (() => void)[] = [];

  const send = (payload: Payload): string => {
    const messageId = uuidv7(clock, deps.random);
    const timestamp = BigInt(Math.trunc(clock.now()));
    stream.write({ agentId: identity.agentId, timestamp, payload, messageId });
    return messageId;
  };
  const tell = (report: Report): string => send({ $case: 'configStatus', value: configStatus(report) });

  const keep = (certificatePem: string): void => {
    try {
      storeIdentity(core.layout.identity, certificatePem, identity.authorityPem);
    } catch (error) {
      log.warn({ error: errorMessage(error) }, 'the new certificate could not be kept; the old one goes on');
    }
  };

  const beat = async (): Promise<void> => {
    // A gateway that does not read gets no more of what is soon outdated.
    if (!stream.writableNeedDrain) {
      teller.remind();
      const report = await health().catch((error: unknown) => {
        log.warn({ error: errorMessage(error) }, 'no health report');
      });
      if (report) {
        send({ $case: 'health', value: { ...report, alerts: deps.alerts(report) } });
      }
    }
    if (!renewing && clock.now() >= identity.renewAt) {
      // The next session begins with a request for a new certificate.
      stream.end();
      endings.push(timers.after(FAREWELL_MS, () => stream.cancel()));
    }
  };

  const take = async ({ payload }: MasterMessage): Promise<void> => {
    switch (payload?.$case) {
      case 'registrationResponse': {
        const { success, errorMessage: words, heartbeatIntervalSeconds, certificatePem } = payload.value;
        if (!success) {
          retryAfterMs = Number(payload.value.retryAfterMs);
          log.warn({ retry_after_ms: retryAfterMs, words }, 'the gateway did not take the agent in');
          return;
        }
        if (certificatePem !== '') {
          keep(certificatePem);
        }
        if (!welcome) {
          welcome = true;
          answered();
          log.info({ agent_id: identity.agentId }, 'connected');
          const seconds = Math.min(Number(heartbeatIntervalSeconds) || HEARTBEAT_S, MOST_HEARTBEAT_S);
          endings.push(
            timers.every(seconds * 1000, () => void beat()),
            teller.connect(tell),
            deps.telemetry.connect({ send, busy: () => stream.writableNeedDrain }),
          );
          await beat();
        }
        return;
      }
      case 'configUpdate': {
        // Within a session versions only grow: this one was overtaken on its way, and what came since then stands.
        if (payload.value.version < newest) {
          return;
        }
        newest = payload.value.version;
        const assembled = assemble(payload.value, clock.monotonic());
        if (assembled.kind === 'refused') {
          const { digest, version, failure } = assembled;
          const outcome = { ...failure, status: 'FAILED', stage: '', stageMs: {}, at: clock.now() } as const;
          teller.report({ digest, version, receivedAt: clock.monotonic(), status: 'FAILED', outcome });
        } else if (assembled.kind === 'update') {
          const { digest, version } = assembled.update;
          // The first update of a session may come again only because the answer to it got lost.
          const known = updates === 0 ? teller.untold(digest, version) : undefined;
          updates += 1;
          if (known === undefined || known.status === 'SUCCESS') {
            teller.taken();
            core.conductor.submit(assembled.update);
          } else {
            teller.report(known);
          }
        }
        return;
      }
      case 'command': {
        const { commandId, command } = payload.value;
        const done = await deps.once(commandId, () => obey(core.conductor, command, deps.settings.allowStop));
        send({ $case: 'commandResult', value: { commandId, ...done } });
        return;
      }
      case 'ack':
        teller.acknowledged(payload.value.messageId, payload.value.success);
        deps.telemetry.acknowledged(payload.value.messageId, payload.value.success);
        return;
      case 'error':
        log.warn({ code: payload.value.code, words: payload.value.message }, 'the gateway reports an error');
        return;
      default:
        return;
    }
  };

  const answered = timers.after(ANSWER_MS, () => stream.cancel());
  const why = await new Promise<string>((done) => {
    const stop = (): void => stream.cancel();
    deps.signal.addEventListener('abort', stop, { once: true });
    endings.push(answered, () => deps.signal.removeEventListener('abort', stop));
    stream.on('data', (message: MasterMessage) => {
      take(message).catch((error: unknown) => {
        log.warn({ error: errorMessage(error) }, 'a message of the gateway could not be used');
      });
    });
    stream.on('error', (error: ServiceError) => done(error.details || error.message));
    stream.on('end', () => done('the gateway ended the stream'));
    send({ $case: 'registration', value: hello });
    if (deps.signal.aborted) {
      stop();
    }
  });
  for (const end of endings) {
    end();
  }
  close();
  return { welcome, retryAfterMs, why };
}
