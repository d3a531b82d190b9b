// SPDX-License-Identifier: Apache-2.0
import { errorMessage, timestamp } from '../kernel/index.js';
import type { HealthReport, LogBatch, MetricsBatch } from '../proto/index.js';
import type { Doc, Op } from '../read-store/index.js';
import { sweep, TELEMETRY_COLLECTIONS } from '../telemetry/index.js';
import { allowance } from './allowance.js';
import type { GatewayDeps, GatewaySettings } from './deps.js';
import type { Identity } from './identity.js';
import { logIntake } from './log-intake.js';
import { minuteIntake } from './minute-intake.js';
import { isMinuteMetric } from './minute-metrics.js';
import { line } from './words.js';

export const HEALTH = 'agent_health';
export const METRICS = 'agent_metrics';

const FLUSH_MS = 1_000;
const MAX_ALERTS = 32;
const MAX_METRICS = 256;
const MAX_LABELS = 16;

/** Batches of metrics a second, of one agent and of all: an agent sends one in five seconds. */
const AGENT_BATCHES = 20;
const BATCHES = 5_000;

/** What agents report of themselves, kept outside the log. */
export interface Telemetry {
  /** The newest is kept. */
  health(agent: Identity, report: HealthReport): void;
  /** True once it is kept; false when it should be sent again. */
  metrics(agent: Identity, batch: MetricsBatch): Promise<boolean>;
  /** True once it is kept, or left out because it is more than may be; false when it should be sent again. */
  logs(agent: Identity, batch: LogBatch): Promise<boolean>;
  /** How long to read nothing more of an agent that sends too much. Milliseconds. */
  pauseMs(agent: Identity): number;
  /** Writes what waits, and stops. */
  close(): Promise<void>;
}

const number = (value: number | bigint | undefined): number => {
  const plain = Number(value ?? 0);
  return Number.isFinite(plain) ? Math.min(Math.max(plain, 0), Number.MAX_SAFE_INTEGER) : 0;
};

function healthDoc(agent: Identity, report: HealthReport, at: string): Doc {
  const { nginx, system } = report;
  return {
    id: agent.agentId,
    workspace_id: agent.workspaceId,
    organization_id: agent.organizationId,
    at,
    nginx: {
      is_running: nginx?.isRunning ?? false,
      pid: number(nginx?.pid),
      uptime_seconds: number(nginx?.uptimeSeconds),
      active_connections: number(nginx?.activeConnections),
      total_requests: number(nginx?.totalRequests),
      requests_per_second: number(nginx?.requestsPerSecond),
      old_workers: number(nginx?.oldWorkers),
    },
    system: {
      cpu_percent: number(system?.cpuPercent),
      memory_used_bytes: number(system?.memoryUsedBytes),
      memory_total_bytes: number(system?.memoryTotalBytes),
      disk_used_bytes: number(system?.diskUsedBytes),
      disk_total_bytes: number(system?.diskTotalBytes),
      load_average_1m: number(system?.loadAverage1m),
    },
    config_checksum: line(report.configChecksum, 64),
    config_version: number(report.configVersion),
    alerts: report.alerts.slice(0, MAX_ALERTS).map(({ id, severity, message, timestamp: when }) => ({
      id: line(id, 128),
      severity: line(severity, 16),
      message: line(message),
      timestamp: number(when),
    })),
  };
}

const metricsDoc = (agent: Identity, batch: MetricsBatch, at: string): Doc => ({
  id: agent.agentId,
  workspace_id: agent.workspaceId,
  organization_id: agent.organizationId,
  at,
  metrics: batch.metrics
    .filter((metric) => !isMinuteMetric(metric))
    .slice(0, MAX_METRICS)
    .map(({ name, value, type, labels }) => ({
      name: line(name, 128),
      value: Number.isFinite(value) ? value : null,
      type: number(type),
      labels: Object.entries(labels)
        .slice(0, MAX_LABELS)
        .map(([key, text]) => ({ name: line(key, 128), value: line(text, 256) })),
    })),
});

export async function telemetry(
  deps: Pick<GatewayDeps, 'readStore' | 'telemetryStore' | 'clock' | 'timers' | 'random' | 'logger'>,
  settings: Pick<GatewaySettings, 'retention' | 'agentLinesPerSecond' | 'linesPerSecond' | 'sweepMs'>,
): Promise<Telemetry> {
  const { clock, timers, logger, telemetryStore } = deps;
  await deps.readStore.define([HEALTH, METRICS].map((name) => ({ name, indexes: ['workspace_id'] })));
  await telemetryStore.define(TELEMETRY_COLLECTIONS);
  const limits = allowance(clock, settings.agentLinesPerSecond, settings.linesPerSecond);
  const batches = allowance(clock, AGENT_BATCHES, BATCHES);
  const logs = logIntake(deps, limits, settings.retention);
  const minutes = minuteIntake(deps, settings.retention);
  // One document for each agent and kind: however fast reports come, the last of a second is written.
  let waiting = new Map<string, Op>();
  let writing: Promise<void> = Promise.resolve();

  const flush = (): void => {
    if (waiting.size === 0) {
      return;
    }
    const ops = [...waiting.values()];
    waiting = new Map();
    writing = writing
      .then(() => deps.readStore.write(ops))
      .catch((error: unknown) =>
        deps.logger.warn({ error: errorMessage(error) }, 'telemetry was not written'),
      );
  };
  const put = (collection: string, doc: Doc): void => {
    waiting.set(`${collection} ${doc.id}`, { kind: 'put', collection, doc });
  };
  let sweeping: Promise<void> | undefined;
  const clean = (): void => {
    sweeping ??= sweep(telemetryStore, clock.now(), settings.retention, () => timers.sleep(1))
      .catch((error: unknown) =>
        logger.warn({ error: errorMessage(error) }, 'old telemetry could not be removed'),
      )
      .finally(() => {
        sweeping = undefined;
      });
  };
  const stops = [timers.every(FLUSH_MS, flush), timers.every(settings.sweepMs, clean)];
  const at = (): string => timestamp(clock.now());
  return {
    health: (agent, report) => put(HEALTH, healthDoc(agent, report, at())),
    metrics: async (agent, batch) => {
      if (batches.take(agent.agentId, 1) === 0) {
        return false;
      }
      if (!batch.metrics.every(isMinuteMetric)) {
        put(METRICS, metricsDoc(agent, batch, at()));
      }
      return minutes.take(agent, batch);
    },
    logs: (agent, batch) => logs.take(agent, batch),
    pauseMs: ({ agentId }) => Math.max(limits.pauseMs(agentId), batches.pauseMs(agentId)),
    close: async () => {
      for (const stop of stops) {
        stop();
      }
      flush();
      await Promise.all([writing, logs.close(), minutes.close(), sweeping]);
    },
  };
}
