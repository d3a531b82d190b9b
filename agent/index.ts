// SPDX-License-Identifier: Apache-2.0
import { type Clock, errorMessage, type Random, type Timers } from '../kernel/index.js';
import type { FrameInput } from '../nginx/index.js';
import { type Core, openCore } from './core.js';
import type { Failpoint } from './failpoint.js';
import type { Log } from './log.js';
import { type Address, parseAddress } from './session/address.js';
import { type Alerts, createAlerts } from './session/alerts.js';
import { createBackoff } from './session/backoff.js';
import { type Identity, loadIdentity } from './session/identity.js';
import { RegistrationDelayed, RegistrationRefused, register } from './session/register.js';
import { runSession } from './session/session.js';
import { createTeller } from './session/teller.js';
import { parseToken, type Token } from './session/token.js';
import { type AgentSettings, fullSettings, SettingsError } from './settings.js';
import { EMPTY } from './state/scan.js';
import { startTelemetry, type Telemetry } from './telemetry/telemetry.js';

export { failpointFrom } from './failpoint.js';
export type { Log } from './log.js';
export { RegistrationRefused } from './session/register.js';
export { type AgentSettings, SettingsError } from './settings.js';
export { StateFolderError } from './state/layout.js';

export interface AgentDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Log;
  /** Ends the agent; nginx goes on serving. */
  readonly signal: AbortSignal;
  /** For tests: may kill the process at named steps. */
  readonly failpoint?: Failpoint;
  /** For tests: another frame around the bundle than nginx's own room writes. */
  readonly renderFrame?: (input: FrameInput) => string;
}

/**
 * The agent beside one nginx: keeps it on the newest configuration that it could prove, and reports to the gateway.
 * Resolves once `signal` has ended it. Rejects with SettingsError, StateFolderError or RegistrationRefused: wrong from
 * the start and not to be helped by trying again. Everything else it lives through: with the gateway gone, for longer
 * than its certificate lives too, nginx goes on with the last good configuration.
 */
export async function runAgent(given: AgentSettings, deps: AgentDeps): Promise<void> {
  const settings = fullSettings(given);
  const address = parseAddress(settings.gateway);
  const token = settings.token === undefined ? undefined : parseToken(settings.token);
  // The report is asked for only once the core is there.
  let journal: Core['journal'] | undefined;
  const teller = createTeller(() => journal);
  const core = await openCore(settings, deps, (report) => {
    deps.log.info(
      { digest: report.digest, version: report.version.toString(), status: report.status },
      'apply',
    );
    teller.report(report);
  });
  journal = core.journal;
  let endSupervision = (): void => undefined;
  let telemetry: Telemetry | undefined;
  try {
    checkIdentity(core, token, deps.clock);
    if (!(await core.conductor.recover())) {
      deps.log.warn({}, 'the last good configuration is not served yet');
    }
    endSupervision = core.conductor.supervise();
    telemetry = startTelemetry({ ...deps, core, settings });
    const alerts = createAlerts(deps);
    await stayConnected({ settings, deps, core, address, token, teller, telemetry, alerts });
  } finally {
    endSupervision();
    await telemetry?.stop();
    await core.conductor.idle();
    core.close();
  }
}

interface Connecting {
  readonly settings: ReturnType<typeof fullSettings>;
  readonly deps: AgentDeps;
  readonly core: Core;
  readonly address: Address;
  readonly token: Token | undefined;
  readonly teller: ReturnType<typeof createTeller>;
  readonly telemetry: Telemetry;
  readonly alerts: Alerts;
}

/** Refusals are counted against the whole network. */
const REFUSED_MS = 300_000;

async function stayConnected(connecting: Connecting): Promise<void> {
  const { settings, deps, core, address, token, teller, telemetry, alerts } = connecting;
  const { log, signal, timers } = deps;
  const backoff = createBackoff(deps.random);
  while (!signal.aborted) {
    let retryAfterMs = 0;
    try {
      const identity = validIdentity(core, deps.clock) ?? (await enrol({ deps, core, address, token }));
      const end = await runSession({ ...deps, core, settings, address, teller, telemetry, alerts }, identity);
      if (end.welcome) {
        backoff.reset();
      }
      retryAfterMs = end.retryAfterMs;
      log.info({ why: end.why }, 'not connected');
    } catch (error) {
      const hopeless = error instanceof RegistrationRefused || error instanceof SettingsError;
      if (hopeless && !serves(core)) {
        throw error;
      }
      if (error instanceof RegistrationDelayed) {
        retryAfterMs = error.retryAfterMs;
      } else if (error instanceof RegistrationRefused) {
        retryAfterMs = REFUSED_MS;
      }
      log[hopeless ? 'error' : 'warn']({ error: errorMessage(error) }, 'no connection');
    }
    await timers.sleep(backoff.next(retryAfterMs), signal).catch(() => undefined);
  }
}

async function enrol({
  deps,
  core,
  address,
  token,
}: Omit<Connecting, 'settings' | 'teller' | 'telemetry' | 'alerts'>): Promise<Identity> {
  if (token === undefined) {
    throw new SettingsError(NO_IDENTITY);
  }
  const identity = await register(deps, address, core.layout.identity, token);
  deps.log.info({ agent_id: identity.agentId }, 'registered');
  return identity;
}

const NO_IDENTITY = 'this agent has no valid certificate: start it with a registration token';

/** Whether there is a configuration that somebody relies on. */
const serves = ({ store }: Core): boolean => ![undefined, EMPTY].includes(store.lastGood());

function validIdentity(core: Core, clock: Clock): Identity | undefined {
  const identity = loadIdentity(core.layout.identity);
  return identity !== undefined && clock.now() < identity.expiresAt ? identity : undefined;
}

/** A token for another agent on a folder that is taken is a mistake, and a costly one to make silently. */
function checkIdentity(core: Core, token: Token | undefined, clock: Clock): void {
  const identity = validIdentity(core, clock);
  if (identity !== undefined && token !== undefined && token.agentId !== identity.agentId) {
    throw new SettingsError(
      `the state folder ${core.layout.root} belongs to agent ${identity.agentId}, the token is for ${token.agentId}`,
    );
  }
  if (identity === undefined && token === undefined && !serves(core)) {
    throw new SettingsError(NO_IDENTITY);
  }
}
