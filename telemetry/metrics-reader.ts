// SPDX-License-Identifier: Apache-2.0
import { UnknownCollection } from '../read-store/index.js';
import { addCell, type Cell, emptyCell } from './cell.js';
import {
  ceilTo,
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

/** Whose metrics: a workspace's, or those of one agent in it. */
export interface Whose {
  readonly workspaceId: string;
  readonly agentId?: string;
}

/** From an instant to another that does not belong to it; whole minutes. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

export interface MetricsReader {
  /** What was counted, by steps of time; a step without anything is missing. Steps are whole minutes. */
  steps(whose: Whose, range: Range, step: number): Promise<ReadonlyMap<number, Cell>>;
  total(whose: Whose, range: Range): Promise<Cell>;
  /** Connections of all agents at the end of a range, as they were last looked at in its last minutes. */
  active(whose: Whose, range: Range): Promise<number>;
}

const AT_ONCE = 16;
/** An agent that has not looked for so long is not counted. */
const LOOKED_MS = 5 * MINUTE_MS;

const LEVELS = {
  minute: { collection: METRIC_HOURS, span: HOUR_MS, step: MINUTE_MS },
  hour: { collection: METRIC_DAYS, span: DAY_MS, step: HOUR_MS },
} as const;

export function metricsReader(store: TelemetryStore): MetricsReader {
  /** Hours or days that touch a range, oldest first. */
  async function documents(
    whose: Whose,
    { from, to }: Range,
    level: keyof typeof LEVELS,
  ): Promise<MetricDoc[]> {
    const { collection, span } = LEVELS[level];
    const starts: number[] = [];
    for (let start = floorTo(from, span); start < to; start += span) {
      starts.push(start);
    }
    const { agentId, workspaceId } = whose;
    if (agentId !== undefined) {
      const found = await store.getMany(
        collection,
        starts.map((start) => metricId(agentId, start)),
      );
      const own = [...found.values()].filter((doc) => doc.workspace_id === workspaceId) as MetricDoc[];
      return own.sort((a, b) => a.start - b.start);
    }
    const docs: MetricDoc[] = [];
    for (let first = 0; first < starts.length; first += AT_ONCE) {
      const pages = await Promise.all(
        starts
          .slice(first, first + AT_ONCE)
          .map((start) => store.find(collection, { where: { slot: slotOf(start, workspaceId) } })),
      );
      docs.push(...(pages.flatMap(({ items }) => items) as MetricDoc[]));
    }
    return docs;
  }

  async function visit(
    whose: Whose,
    range: Range,
    level: keyof typeof LEVELS,
    take: (at: number, cell: Cell) => void,
  ): Promise<void> {
    if (range.from >= range.to) {
      return;
    }
    for (const { start, cells } of await documents(whose, range, level)) {
      for (const [index, cell] of Object.entries(cells)) {
        const at = start + Number(index) * LEVELS[level].step;
        if (at >= range.from && at < range.to) {
          take(at, cell);
        }
      }
    }
  }

  /** Whole hours are read from the days; what is left at both ends from the hours. */
  async function visitAll(
    whose: Whose,
    { from, to }: Range,
    take: (at: number, cell: Cell) => void,
  ): Promise<void> {
    const [firstHour, lastHour] = [ceilTo(from, HOUR_MS), floorTo(to, HOUR_MS)];
    if (firstHour >= lastHour) {
      return visit(whose, { from, to }, 'minute', take);
    }
    await visit(whose, { from, to: firstHour }, 'minute', take);
    await visit(whose, { from: firstHour, to: lastHour }, 'hour', take);
    await visit(whose, { from: lastHour, to }, 'minute', take);
  }

  /** Before the first gateway there is nothing. */
  const orNothing = async (work: Promise<void>): Promise<void> => {
    try {
      await work;
    } catch (error) {
      if (!(error instanceof UnknownCollection)) {
        throw error;
      }
    }
  };

  const steps: MetricsReader['steps'] = async (whose, range, step) => {
    const found = new Map<number, number[]>();
    const take = (at: number, cell: Cell): void => {
      const start = floorTo(at, step);
      const sum = found.get(start) ?? emptyCell();
      addCell(sum, cell);
      found.set(start, sum);
    };
    await orNothing(
      step % HOUR_MS === 0 ? visitAll(whose, range, take) : visit(whose, range, 'minute', take),
    );
    return found;
  };

  return {
    steps,
    total: async (whose, range) => {
      const sum = emptyCell();
      await orNothing(visitAll(whose, range, (_, cell) => addCell(sum, cell)));
      return sum;
    },
    active: async (whose, { from, to }) => {
      const since = Math.max(from, to - LOOKED_MS);
      const latest = new Map<string, number>();
      const look = async (): Promise<void> => {
        for (const { agent_id, start, active } of await documents(whose, { from: since, to }, 'minute')) {
          for (const [index, value] of (active ?? []).entries()) {
            const at = start + index * MINUTE_MS;
            if (value !== null && at >= since && at < to) {
              latest.set(agent_id, value);
            }
          }
        }
      };
      await orNothing(look());
      return [...latest.values()].reduce((sum, value) => sum + value, 0);
    },
  };
}
