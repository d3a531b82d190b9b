// SPDX-License-Identifier: Apache-2.0
import type { AgentFacts, EventData, NginxBuild, ParkedHost } from '../../schemas/index.js';

export type Failure = EventData<'config.refused'>['failure'];
export type Alert = EventData<'health.alert_raised'>['alert'];

/** What decisions about one agent need to know; the read model knows more. */
export interface AgentState {
  /** The session that is open now. */
  session: string | undefined;
  facts: AgentFacts | undefined;
  sent: { version: number; digest: string } | undefined;
  applied: { version: number; digest: string } | undefined;
  /** The last refusal, until something is applied or it is sent again. */
  failed: { version: number; digest: string } | undefined;
  /** Hosts that it does not run as desired. */
  parked: readonly ParkedHost[];
  /** What it should have proven by now, until something is applied. */
  overdue: { version: number; digest: string } | undefined;
  nginxRunning: boolean | undefined;
  /** What its configuration is rendered for. */
  build: NginxBuild | undefined;
  /** Commands that were asked for and not answered yet → when they were. */
  readonly pending: Map<string, string>;
  /** What is wrong now, by the alert's id, as it was raised last. */
  readonly alerts: Map<string, Alert>;
}

export const initial = (): AgentState => ({
  session: undefined,
  facts: undefined,
  sent: undefined,
  applied: undefined,
  failed: undefined,
  parked: [],
  overdue: undefined,
  nginxRunning: undefined,
  build: undefined,
  pending: new Map(),
  alerts: new Map(),
});
