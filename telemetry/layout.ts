// SPDX-License-Identifier: Apache-2.0
/**
 * Where telemetry stands in a store that finds by equality alone. Time is cut into slots, a slot of a workspace is one
 * indexed text, and a query asks slot after slot.
 *
 * Metrics: one document an agent and hour with its sixty minutes, and one an agent and day with its twenty-four hours.
 * Access log: lines in blocks, beside each a head that says what it holds, and a book that adds up an hour of one writer;
 * so that most questions are answered without opening a block.
 */
import type { CollectionSpec, Doc, ReadStore } from '../read-store/index.js';
import type { Cell } from './cell.js';

/** What telemetry needs of a store: documents written outside projections. */
export type TelemetryStore = Pick<ReadStore, 'define' | 'get' | 'getMany' | 'find' | 'write'>;

export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

export const METRIC_HOURS = 'telemetry_metric_hours';
export const METRIC_DAYS = 'telemetry_metric_days';
export const LOG_BOOKS = 'telemetry_log_books';
export const LOG_HEADS = 'telemetry_log_heads';
export const LOG_BLOCKS = 'telemetry_log_blocks';
export const LOG_CURSORS = 'telemetry_log_cursors';

export const COLLECTIONS: readonly CollectionSpec[] = [
  ...[METRIC_HOURS, METRIC_DAYS, LOG_BOOKS, LOG_HEADS].map((name) => ({ name, indexes: ['slot'] })),
  { name: LOG_BLOCKS, indexes: [] },
  { name: LOG_CURSORS, indexes: [] },
];

export const floorTo = (at: number, step: number): number => Math.floor(at / step) * step;
export const ceilTo = (at: number, step: number): number => Math.ceil(at / step) * step;

const instant = (at: number): string => new Date(at).toISOString().slice(0, 16);

/** Of a workspace; in the order of time over all workspaces. */
export const slotOf = (start: number, workspaceId: string): string => `${instant(start)}/${workspaceId}`;

/** What every slot before this instant is less than. */
export const slotsBefore = (at: number): string => instant(at);

export const startOf = (slot: string): number => Date.parse(`${slot.slice(0, 16)}Z`);

export const metricId = (agentId: string, start: number): string => `${agentId}/${instant(start)}`;

/** An hour of minutes, or a day of hours. */
export interface MetricDoc extends Doc {
  readonly slot: string;
  readonly agent_id: string;
  readonly start: number;
  /** By the number of the minute or the hour; those without anything are missing. */
  readonly cells: Readonly<Record<string, Cell>>;
  /** Open connections minute by minute; not in a day. */
  readonly active?: readonly (number | null)[];
}

/** One answered request. */
export interface LogRecord {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly agentId: string;
  readonly status: number;
  readonly bodyBytes: number;
  readonly responseTimeMs: number;
  readonly remoteAddr: string;
  readonly method: string;
  readonly uri: string;
  readonly protocol: string;
  readonly host: string;
  readonly userAgent: string;
  readonly referer: string;
  readonly requestId: string;
}

export interface BlockDoc extends Doc {
  readonly agents: readonly string[];
  /** The records in the order of time, their values one behind the other: no store takes arrays in arrays for granted. */
  readonly values: readonly (string | number)[];
}

/** Lines by status. */
export type Statuses = Readonly<Record<string, number>>;

export interface HeadDoc extends Doc {
  readonly slot: string;
  /** Of its first and its last line. */
  readonly from: number;
  readonly to: number;
  readonly statuses: Statuses;
}

export interface BookDoc extends Doc {
  readonly slot: string;
  readonly statuses: Statuses;
  readonly bytes: number;
  /** Lines that the gateway left out. */
  readonly dropped: number;
}

/** How many values a record has. */
const WIDTH = 13;

/** A record's values; its agent by its place in the block's list. */
export const stored = (record: LogRecord, agent: number): readonly (string | number)[] => [
  record.at,
  agent,
  record.status,
  record.bodyBytes,
  record.responseTimeMs,
  record.remoteAddr,
  record.method,
  record.uri,
  record.protocol,
  record.host,
  record.userAgent,
  record.referer,
  record.requestId,
];

export const recordCount = ({ values }: BlockDoc): number => values.length / WIDTH;

export function restored({ agents, values }: BlockDoc, index: number): LogRecord {
  const number = (column: number): number => values[index * WIDTH + column] as number;
  const text = (column: number): string => values[index * WIDTH + column] as string;
  return {
    at: number(0),
    agentId: agents[number(1)] ?? '',
    status: number(2),
    bodyBytes: number(3),
    responseTimeMs: number(4),
    remoteAddr: text(5),
    method: text(6),
    uri: text(7),
    protocol: text(8),
    host: text(9),
    userAgent: text(10),
    referer: text(11),
    requestId: text(12),
  };
}
