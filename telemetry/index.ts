// SPDX-License-Identifier: Apache-2.0
export { type Cell, cellOf, counted, emptyCell, quantile } from './cell.js';
export {
  COLLECTIONS as TELEMETRY_COLLECTIONS,
  ceilTo,
  DAY_MS,
  floorTo,
  HOUR_MS,
  type LogRecord,
  MINUTE_MS,
  type TelemetryStore,
} from './layout.js';
export {
  type FoundRecord,
  type LogAnswer,
  type LogPlace,
  type LogQuery,
  type LogReader,
  logReader,
} from './log-reader.js';
export { type LogBatchToWrite, type LogCursor, type LogWriter, logWriter } from './log-writer.js';
export { type MetricsReader, metricsReader, type Range, type Whose } from './metrics-reader.js';
export { type MinuteReport, writeMinutes } from './metrics-writer.js';
export { defaultRetention, type RetentionSettings, sweep } from './retention.js';
