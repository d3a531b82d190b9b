// SPDX-License-Identifier: Apache-2.0
import type { AgentFacts, EventData, NginxBuild } from '../../schemas/index.js';

export type Failure = EventData<'config.refused'>['failure'];

/** What decisions about one agent need to know; the read model knows more. */
export interface AgentState {
  /** The session that is open now. */
  session: string | undefined;
  facts: AgentFacts | undefined;
  sent: { version: number; digest: string } | undefined;
  applied: { version: number; digest: string } | undefined;
  /** The last refusal, until something is applied or it is sent again. */
  failed: { version: number; digest: string } | undefined;
  nginxRunning: boolean | undefined;
  /** What its configuration is rendered for. */
  build: NginxBuild | undefined;
  /** Commands that were asked for and not answered yet. */
  readonly pending: Set<string>;
}

export const initial = (): AgentState => ({
  session: undefined,
  facts: undefined,
  sent: undefined,
  applied: undefined,
  failed: undefined,
  nginxRunning: undefined,
  build: undefined,
  pending: new Set(),
});
