// SPDX-License-Identifier: Apache-2.0
import type { ToolResult } from '../run-tool.js';
import type { LogTail } from './error-log.js';

/**
 * How the agent handles one nginx. Two ways: `own` (the agent starts it, in the state folder) and `attach` (somebody
 * else starts it, and includes our file). Callers do one thing at a time.
 */
export interface NginxControl {
  /** Runs `nginx -t` on a bundle's folder that is not linked yet. */
  test(folder: string): Promise<ToolResult>;
  /** Once it is linked: whatever more nginx itself will read; undefined when there is nothing more. */
  testLinked(): Promise<ToolResult | undefined>;
  /** Process id of the running master that reads our bundle; never from a pid file alone. */
  master(): number | undefined;
  /** Process ids of a master's workers, those that still end their connections too. */
  workers(master: number): ReadonlySet<number>;
  /** Makes the master read its configuration again. Returns at once. */
  reload(master: number): void;
  /** Starts nginx with the linked bundle; undefined where that is not ours to do. */
  readonly start: (() => Promise<ToolResult>) | undefined;
  /** Ends nginx: gracefully (connections first) or at once. False if it still ran after `timeoutMs`. */
  stop(graceful: boolean, timeoutMs: number): Promise<boolean>;
  /** Makes the master and its workers open their log files again. Throws where we may not signal it. */
  reopenLogs(master: number): void;
  /** Keeps what is ours to keep from growing for ever. */
  tidy(): void;
  /** Follows what the master logs from now on. */
  log(master: number | undefined): LogTail;
}
