// SPDX-License-Identifier: Apache-2.0
import { type Clock, type Random, uuidv7 } from '../../kernel/index.js';
import type { Alert, HealthReport } from '../../proto/index.js';

/** What stands out in a report, and still did in those before it; the same alert until it is over. */
export type Alerts = (report: HealthReport) => Alert[];

interface Rule {
  readonly metric: string;
  readonly severity: 'warning' | 'critical';
  /** Undefined where the report does not tell. */
  measure(report: HealthReport): number | undefined;
  isBad(value: number): boolean;
  /** Farther from bad than good enough not to be bad: a value between the two changes nothing. */
  isGood(value: number): boolean;
  /** Reports in a row. */
  readonly after: number;
  words(value: number): string;
}

const percent = (used: number | bigint, total: number | bigint): number | undefined =>
  Number(total) > 0 ? Math.round((1000 * Number(used)) / Number(total)) / 10 : undefined;

const above = (bad: number, good: number): Pick<Rule, 'isBad' | 'isGood'> => ({
  isBad: (value) => value >= bad,
  isGood: (value) => value < good,
});

const RULES: readonly Rule[] = [
  {
    metric: 'nginx_running',
    severity: 'critical',
    measure: ({ nginx }) => (nginx ? Number(nginx.isRunning) : undefined),
    isBad: (value) => value === 0,
    isGood: (value) => value === 1,
    after: 2,
    words: () => 'nginx is not running',
  },
  {
    metric: 'cpu_percent',
    severity: 'warning',
    measure: ({ system }) => system && Math.round(10 * system.cpuPercent) / 10,
    ...above(85, 75),
    after: 3,
    words: (value) => `High CPU usage: ${value}%`,
  },
  {
    metric: 'memory_percent',
    severity: 'warning',
    measure: ({ system }) => system && percent(system.memoryUsedBytes, system.memoryTotalBytes),
    ...above(90, 85),
    after: 3,
    words: (value) => `High memory usage: ${value}%`,
  },
  {
    metric: 'disk_percent',
    severity: 'critical',
    measure: ({ system }) => system && percent(system.diskUsedBytes, system.diskTotalBytes),
    ...above(95, 90),
    after: 2,
    words: (value) => `Disk nearly full: ${value}%`,
  },
];

export function createAlerts({ clock, random }: { clock: Clock; random: Random }): Alerts {
  const bad = new Map<Rule, number>();
  const raised = new Map<Rule, Alert>();

  function look(rule: Rule, value: number): void {
    if (rule.isBad(value)) {
      const count = (bad.get(rule) ?? 0) + 1;
      bad.set(rule, count);
      if (count >= rule.after && !raised.has(rule)) {
        raised.set(rule, {
          id: uuidv7(clock, random),
          severity: rule.severity,
          message: rule.words(value),
          timestamp: BigInt(Math.trunc(clock.now())),
          metric: rule.metric,
          value,
        });
      }
      return;
    }
    bad.delete(rule);
    if (rule.isGood(value)) {
      raised.delete(rule);
    }
  }

  return (report) => {
    for (const rule of RULES) {
      const value = rule.measure(report);
      if (value !== undefined) {
        look(rule, value);
      }
    }
    return [...raised.values()];
  };
}
