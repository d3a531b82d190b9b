// SPDX-License-Identifier: Apache-2.0
import type { ServerDuplexStream, ServerUnaryCall } from '@grpc/grpc-js';
import { errorMessage, timestamp } from '../kernel/index.js';
import { bundler } from '../nginx/index.js';
import { accept } from './accept.js';
import { alertWatch } from './alerts.js';
import { admission, attemptLimit } from './bucket.js';
import { openAuthority, provenKey } from './ca.js';
import { type CommandWatch, watchCommands } from './commands.js';
import { defaultSettings, type GatewayDeps, type GatewaySettings } from './deps.js';
import { desired } from './desired.js';
import { follow } from './follow.js';
import { history } from './history.js';
import { identify } from './identity.js';
import { link } from './link.js';
import { memory } from './memory.js';
import { watchPresence } from './presence.js';
import { recorder } from './recorder.js';
import { type RpcServer, rpcServer } from './server.js';
import { sessions } from './sessions.js';
import { telemetry } from './telemetry.js';
import { gatewayTls } from './tls.js';
import { unaryHandlers } from './unary.js';

const SESSION_WINDOW_MS = 10_000;

export interface AgentGateway {
  /** SHA-256 of the authority's certificate (DER), in hexadecimal: what registration tokens carry. */
  readonly caSha256: string;
  /** Reads the log up to its end and then takes agents. Resolves with the port. */
  listen(): Promise<number>;
  /** Sends the refused configuration again; does nothing for an agent that is not connected here. */
  retry(agentId: string): void;
  /** Takes no more agents and gives those that are here `graceMs` to go. */
  close(graceMs: number): Promise<void>;
}

/** An address that agents can dial is a name of the gateway; one that only means "all" is not. */
const reachable = (host: string): string[] => (host === '0.0.0.0' || host === '::' ? [] : [host]);

/** The gRPC side of the control plane: who agents are, what each is to run, and what comes of it. */
export async function agentGateway(
  deps: GatewayDeps,
  given: Partial<GatewaySettings> = {},
): Promise<AgentGateway> {
  const settings = { ...defaultSettings, ...given };
  const { clock, timers, logger } = deps;
  const authority = await openAuthority(deps);
  const tls = await gatewayTls(authority, [...reachable(settings.host), ...settings.names], deps);
  const reports = await telemetry(deps, settings);
  const facts = recorder(deps);
  const known = memory();
  const alerts = alertWatch({ clock, memory: known, recorder: facts }, settings.alertEveryMs);
  const wanted = desired(bundler);
  const presence = watchPresence({ ...deps, recorder: facts, memory: known }, settings);
  const held = sessions(
    { clock, timers, logger },
    {
      before: ({ agent }) => presence.back(agent.agentId),
      begun: (session) => commands.begun(session),
    },
  );
  const commands: CommandWatch = watchCommands({ ...deps, recorder: facts, memory: known, sessions: held });

  const whoIs = (call: ServerDuplexStream<Buffer, Buffer> | ServerUnaryCall<Buffer, Buffer>) => {
    const certificate = call.getAuthContext().sslPeerCertificate;
    return certificate && identify(certificate.raw, authority.certificate, clock.now());
  };
  const acceptDeps = {
    ...deps,
    authority,
    caPem: authority.certificatePem,
    attempts: attemptLimit(clock, settings.attemptLimit, settings.attemptWindowMs),
    comings: attemptLimit(clock, settings.sessionLimit, SESSION_WINDOW_MS),
    gate: admission(deps, settings.admissionsPerSecond),
    recorder: facts,
    memory: known,
    desired: wanted,
    past: history(deps),
    telemetry: reports,
    alerts,
    sessions: held,
    renew: async (agent: Parameters<typeof authority.issueAgent>[1], csrPem: string) => {
      const key = await provenKey(csrPem);
      return key && authority.issueAgent(key, agent, settings.certificateLifeMs);
    },
  };
  const server: RpcServer = rpcServer(
    tls.credentials,
    {
      stream: (call) => {
        const one = link({ clock, timers, cut: (peer) => server.cut(peer) }, call, settings);
        accept(acceptDeps, settings, whoIs(call), one).catch((error: unknown) => {
          logger.error({ error: errorMessage(error) }, 'a stream failed');
          one.end(13, 'Internal error');
        });
      },
      ...unaryHandlers({ desired: wanted, telemetry: reports, alerts, identify: whoIs }),
    },
    settings,
    timers,
  );

  let following: ReturnType<typeof follow> | undefined;
  return {
    caSha256: authority.sha256,
    listen: async () => {
      const on = (event: Parameters<typeof known.apply>[0]): void => {
        known.apply(event);
        wanted.apply(event);
        commands.apply(event);
      };
      following = follow({ log: deps.log, timers, random: deps.random, logger, on }, ['config', 'agent']);
      await following.caughtUp;
      presence.start();
      commands.start();
      const port = await server.listen();
      logger.info({ host: settings.host, port, at: timestamp(clock.now()) }, 'agent gateway listens');
      return port;
    },
    retry: (agentId) => held.get(agentId)?.retry(),
    close: async (graceMs) => {
      presence.stop();
      commands.stop();
      tls.stop();
      // A log that is down must not hold us back: what could not be recorded by then is seen at the next start.
      const late = timers.after(graceMs, () => facts.close());
      await Promise.all([server.close(graceMs), held.close()]);
      await facts.idle();
      late();
      facts.close();
      await following?.stop();
      await reports.close();
    },
  };
}
