// SPDX-License-Identifier: Apache-2.0
import type { Doc, Op } from '../read-store/index.js';
import { addCell, type Cell, emptyCell } from './cell.js';
import {
  DAY_MS,
  floorTo,
  HOUR_MS,
  METRIC_DAYS,
  METRIC_HOURS,
  type MetricDoc,
  MINUTE_MS,
  metricId,
  slotOf,
  type TelemetryStore,
} from './layout.js';

/** Everything that an agent has counted in one minute so far. */
export interface MinuteReport {
  readonly agentId: string;
  readonly workspaceId: string;
  /** Of the minute. */
  readonly start: number;
  readonly cell: Cell;
  readonly active: number | null;
}

type Level = 'hour' | 'day';
const LEVELS = {
  hour: { collection: METRIC_HOURS, span: HOUR_MS, step: MINUTE_MS },
  day: { collection: METRIC_DAYS, span: DAY_MS, step: HOUR_MS },
} as const;

interface Open {
  readonly doc: MetricDoc;
  readonly cells: Record<string, Cell>;
  readonly active: (number | null)[];
}

/**
 * Puts minutes in their hours and hours in their days. A minute replaces what was known of it, so that one that is told
 * twice is counted once. Two writers of one agent must take turns.
 */
export async function writeMinutes(store: TelemetryStore, reports: readonly MinuteReport[]): Promise<void> {
  const known = { hour: await load(store, 'hour', reports), day: await load(store, 'day', reports) };
  const open = { hour: new Map<string, Open>(), day: new Map<string, Open>() };

  const opened = (level: Level, report: MinuteReport): Open => {
    const { span, step } = LEVELS[level];
    const start = floorTo(report.start, span);
    const id = metricId(report.agentId, start);
    const already = open[level].get(id);
    if (already) {
      return already;
    }
    const before = known[level].get(id) as MetricDoc | undefined;
    const cells = { ...before?.cells };
    const active = before?.active ? [...before.active] : Array<number | null>(span / step).fill(null);
    const doc: MetricDoc = {
      id,
      slot: slotOf(start, report.workspaceId),
      workspace_id: report.workspaceId,
      agent_id: report.agentId,
      start,
      cells,
      ...(level === 'hour' && { active }),
    };
    const made = { doc, cells, active };
    open[level].set(id, made);
    return made;
  };

  for (const report of reports) {
    const hour = opened('hour', report);
    const minute = (report.start - hour.doc.start) / MINUTE_MS;
    hour.cells[minute] = report.cell;
    hour.active[minute] = report.active ?? hour.active[minute] ?? null;
  }
  for (const report of reports) {
    const hour = opened('hour', report);
    const day = opened('day', report);
    const sum = emptyCell();
    for (const cell of Object.values(hour.cells)) {
      addCell(sum, cell);
    }
    day.cells[(hour.doc.start - day.doc.start) / HOUR_MS] = sum;
  }
  await store.write([...puts('hour', open.hour), ...puts('day', open.day)]);
}

async function load(
  store: TelemetryStore,
  level: Level,
  reports: readonly MinuteReport[],
): Promise<ReadonlyMap<string, Doc>> {
  const { collection, span } = LEVELS[level];
  const ids = new Set(reports.map(({ agentId, start }) => metricId(agentId, floorTo(start, span))));
  return store.getMany(collection, [...ids]);
}

const puts = (level: Level, open: ReadonlyMap<string, Open>): Op[] =>
  [...open.values()].map(({ doc }) => ({ kind: 'put', collection: LEVELS[level].collection, doc }));
