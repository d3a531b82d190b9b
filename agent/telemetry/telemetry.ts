// SPDX-License-Identifier: Apache-2.0
import { type Clock, errorMessage, type Random, type Timers, uuidv7 } from '../../kernel/index.js';
import type { AgentMessage, Metric } from '../../proto/index.js';
import type { Core } from '../core.js';
import type { Log } from '../log.js';
import { askStatus } from '../nginx-control/status.js';
import { disk } from '../session/host.js';
import type { FullSettings } from '../settings.js';
import { parseLine } from './line.js';
import { add, countLine, isTold, type Minute, metricsOf, minuteAt, prune } from './minutes.js';
import { loadProgress, saveProgress } from './position.js';
import { createReader } from './reader.js';
import { createShipping } from './shipping.js';

type Payload = NonNullable<AgentMessage['payload']>;

/** How it reaches the master, while it does. */
export interface Way {
  /** Gives the message's id. */
  send(payload: Payload): string;
  /** Whether what was sent before still waits here: telemetry goes last. */
  busy(): boolean;
}

/** Counts what nginx does, and tells the master. */
export interface Telemetry {
  connect(way: Way): () => void;
  acknowledged(messageId: string, kept: boolean): void;
  /** What was counted and may still change, or is still to be told. */
  minutes(): ReadonlyMap<number, Readonly<Minute>>;
  /** Keeps what was counted, and ends. */
  stop(): Promise<void>;
}

export interface TelemetryDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Log;
  readonly core: Core;
  readonly settings: FullSettings;
}

const LOOK_MS = 500;
const SAMPLE_MS = 10_000;
const TELL_MS = 5000;
/** Blocks of the log that are read in a row before others have their turn for longer. */
const BLOCKS = 32;
/** Metrics a message: the master takes 256. */
const MOST_METRICS = 220;
/** With so many minutes to tell, the next are told at once. */
const MANY = 2;
/** The log is set aside earlier when there is little room, so that it does not take the last of it. */
const SHARE_OF_FREE = 8n;
const LEAST_BYTES = 64 * 1024;

export function startTelemetry(deps: TelemetryDeps): Telemetry {
  const { clock, timers, core, settings, log } = deps;
  const path = core.layout.telemetry;
  const progress = loadProgress(path, () => uuidv7(clock, deps.random));
  const { position, minutes } = progress;
  const shipping = createShipping(clock, settings.logLinesPerSecond, position);
  let way: Way | undefined;
  let changed = false;
  let unread = 0;
  let toldAt = Number.NEGATIVE_INFINITY;
  let sampledAt = Number.NEGATIVE_INFINITY;
  /** What is on its way, and as of which change. */
  let telling: { messageId: string; minutes: ReadonlyMap<number, number> } | undefined;
  let counted: { requests: number; asked: number; master: number } | undefined;
  let complained = false;

  const keep = (): void => {
    try {
      saveProgress(path, progress);
      complained = false;
    } catch (error) {
      // A full disk: what is counted stays in memory, and is counted again if we are killed.
      if (!complained) {
        log.warn({ error: errorMessage(error) }, 'what was read of the access log could not be kept');
      }
      complained = true;
    }
  };

  const rotateAt = (): number => {
    const { used, total } = disk(core.layout.logs);
    const share = Number((total - used) / SHARE_OF_FREE);
    return Math.max(LEAST_BYTES, Math.min(settings.accessLogBytes, share));
  };

  const reopen = (): boolean => {
    const master = core.control.master();
    if (master === undefined) {
      return false;
    }
    core.control.reopenLogs(master);
    return true;
  };

  const reader = createReader(
    {
      clock,
      path: core.layout.accessLog,
      rotateAt,
      reopen,
      keep,
      lost: (bytes) =>
        log.warn({ bytes }, 'the access log grows faster than it can be read; a part was given up'),
    },
    position,
  );

  let newest = 0;
  const take = (text: string, end: number): void => {
    changed = true;
    const line = parseLine(text);
    const isNew = end > position.counted;
    if (isNew) {
      position.counted = end;
    }
    if (line === undefined) {
      unread += 1;
      return;
    }
    newest = Math.max(newest, line.at);
    if (isNew) {
      countLine(minutes, line);
    }
    const dropped = shipping.offer(line, end);
    if (dropped > 0 && isNew) {
      add(minuteAt(minutes, line.at), 'log_lines_dropped', dropped);
    }
  };

  const read = async (): Promise<boolean> => {
    for (let blocks = 0; blocks < BLOCKS; blocks += 1) {
      if (!reader.next(take)) {
        return true;
      }
      // Heartbeats and updates go on between two blocks.
      await timers.sleep(0);
    }
    return false;
  };

  /** Connections now; where nothing is logged, what nginx itself has counted since the last look. */
  const sample = async (): Promise<void> => {
    const status = await askStatus(core.ask);
    if (status === undefined) {
      counted = undefined;
      return;
    }
    sampledAt = clock.monotonic();
    const minute = minuteAt(minutes, clock.now());
    minute.active = status.active;
    changed = true;
    const now = { requests: status.requests, asked: core.asked(), master: core.control.master() ?? 0 };
    if (!settings.accessLog && counted?.master === now.master) {
      add(minute, 'requests', Math.max(0, now.requests - counted.requests - (now.asked - counted.asked)));
    }
    counted = now;
  };

  const tellMinutes = (through: Way): void => {
    if (telling !== undefined || clock.monotonic() - toldAt < TELL_MS) {
      return;
    }
    const metrics: Metric[] = [];
    const told = new Map<number, number>();
    for (const [start, minute] of [...minutes].sort(([a], [b]) => a - b)) {
      if (isTold(minute)) {
        continue;
      }
      const more = metricsOf(start, minute);
      if (metrics.length + more.length > MOST_METRICS) {
        break;
      }
      metrics.push(...more);
      told.set(start, minute.changes);
    }
    toldAt = clock.monotonic();
    if (told.size > 0) {
      const value = { timestamp: BigInt(Math.trunc(clock.now())), metrics };
      telling = { messageId: through.send({ $case: 'metrics', value }), minutes: told };
    }
  };

  const minutesKept = (told: ReadonlyMap<number, number>): void => {
    for (const [start, changes] of told) {
      const minute = minutes.get(start);
      if (minute) {
        minute.told = changes;
      }
    }
    if ([...minutes.values()].filter((one) => !isTold(one)).length > MANY) {
      toldAt = Number.NEGATIVE_INFINITY;
    }
  };

  const pump = (): void => {
    if (way === undefined || way.busy()) {
      return;
    }
    tellMinutes(way);
    for (let next = shipping.next(); next !== undefined && !way.busy(); next = shipping.next()) {
      next.sent(way.send({ $case: 'logs', value: next.batch }));
    }
  };

  let unreadable = false;
  /** A log that cannot be read or set aside keeps nothing else from being told. */
  const readOrNot = async (): Promise<boolean> => {
    try {
      const atEnd = await read();
      unreadable = false;
      return atEnd;
    } catch (error) {
      if (!unreadable) {
        log.warn({ error: errorMessage(error) }, 'the access log could not be read');
      }
      unreadable = true;
      return true;
    }
  };

  const look = async (): Promise<void> => {
    const atEnd = settings.accessLog ? await readOrNot() : true;
    if (clock.monotonic() - sampledAt >= SAMPLE_MS) {
      await sample();
    }
    prune(minutes, atEnd ? clock.now() : newest);
    pump();
    if (changed) {
      changed = false;
      keep();
    }
    if (unread > 0) {
      log.warn({ lines: unread }, 'lines of the access log could not be read');
      unread = 0;
    }
  };

  let looking: Promise<void> | undefined;
  const end = timers.every(LOOK_MS, () => {
    looking ??= look()
      .catch((error: unknown) => log.warn({ error: errorMessage(error) }, 'telemetry could not be collected'))
      .finally(() => {
        looking = undefined;
      });
  });

  return {
    minutes: () => minutes,
    connect: (through) => {
      way = through;
      toldAt = Number.NEGATIVE_INFINITY;
      return () => {
        if (way === through) {
          way = undefined;
          telling = undefined;
          shipping.disconnected();
        }
      };
    },
    acknowledged: (messageId, kept) => {
      if (telling?.messageId === messageId) {
        if (kept) {
          minutesKept(telling.minutes);
        }
        telling = undefined;
        changed = true;
      } else if (shipping.acknowledged(messageId, kept)) {
        changed = true;
        if (kept) {
          pump();
        }
      }
    },
    stop: async () => {
      end();
      await looking;
      reader.close();
      keep();
    },
  };
}
