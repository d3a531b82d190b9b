// SPDX-License-Identifier: Apache-2.0
import type { Alert } from '../domain/index.js';
import { type Clock, timestamp } from '../kernel/index.js';
import type { HealthReport } from '../proto/index.js';
import { SEVERITIES } from '../schemas/index.js';
import type { Identity } from './identity.js';
import type { Memory } from './memory.js';
import type { Recorder } from './recorder.js';
import { line } from './words.js';

const MAX_ALERTS = 32;

/** The alerts of a report as they may be recorded; one without a name is none. */
export function alertsOf(report: HealthReport): Alert[] {
  const alerts = report.alerts.slice(0, MAX_ALERTS).map(({ id, severity, message, metric, value }) => ({
    alert_id: line(id, 128),
    severity: SEVERITIES.find((known) => known === severity) ?? 'warning',
    message: line(message),
    metric: metric === '' ? null : line(metric, 64),
    value: metric === '' || !Number.isFinite(value) ? null : value,
  }));
  return [
    ...new Map(alerts.filter(({ alert_id }) => alert_id !== '').map((one) => [one.alert_id, one])).values(),
  ];
}

/** Records what changed in an agent's alerts since the log knew of them, whichever way the report came. */
export type AlertWatch = (agent: Identity, report: HealthReport) => Promise<void>;

export function alertWatch(
  {
    clock,
    memory,
    recorder,
  }: { readonly clock: Clock; readonly memory: Memory; readonly recorder: Recorder },
  everyMs: number,
): AlertWatch {
  /** When something was last recorded of an agent; only agents with a certificate get so far. */
  const marked = new Map<string, number>();
  return async (agent, report) => {
    const { agentId } = agent;
    const alerts = alertsOf(report);
    const known = memory.get(agentId)?.state.alerts ?? new Map<string, Alert>();
    const same =
      known.size === alerts.length &&
      alerts.every(({ alert_id, severity }) => known.get(alert_id)?.severity === severity);
    const last = marked.get(agentId) ?? Number.NEGATIVE_INFINITY;
    if (same || clock.monotonic() - last < everyMs) {
      return;
    }
    marked.set(agentId, clock.monotonic());
    const at = timestamp(clock.now());
    await recorder.record(agent, { type: 'mark-alerts', agent_id: agentId, alerts, at });
  };
}
