// SPDX-License-Identifier: Apache-2.0
import { randomUUID } from 'node:crypto';
import { type Position, streams } from '../../kernel/index.js';
import type { NewEvent, StoredEvent } from '../../schemas/index.js';
import { schemaVersion } from '../../schemas/index.js';
import type { EventLog, ReadOptions } from '../index.js';

/**
 * What the contract is put to. Stores may be shared with other tests: every test writes streams of its own and counts on
 * no position being the next one.
 */
export interface Subject {
  readonly name: string;
  open(): Promise<EventLog>;
  /** Closes the log and opens the same store again; left out where a store does not outlive its log. */
  readonly reopen?: (log: EventLog) => Promise<EventLog>;
}

export const newStream = (): string => streams.workspace(randomUUID());

const at = '2026-01-02T03:04:05.678Z';

/** An event of about 500 bytes of data. */
export function upstreamCreated(number = 0): NewEvent<'upstream.created'> {
  const commandId = randomUUID();
  return {
    id: randomUUID(),
    type: 'upstream.created',
    data: {
      upstream: {
        id: randomUUID(),
        workspace_id: '0b5d0c6e-5a3f-4c1e-9d2b-7f8a9b0c1d2e',
        name: `upstream-${number}`,
        algorithm: 'round_robin',
        servers: [
          { address: '10.0.0.1:8080', weight: 1, backup: false, down: false, max_fails: 1, fail_timeout: 10 },
        ],
        health_check: {
          enabled: true,
          path: '/health',
          interval: 10,
          timeout: 3,
          healthy_threshold: 2,
          unhealthy_threshold: 3,
        },
        keepalive_connections: 16,
        created_at: at,
        updated_at: at,
      },
    },
    meta: {
      command_id: commandId,
      command_digest: 'd'.repeat(64),
      correlation_id: commandId,
      causation_id: commandId,
      actor: 'system',
      schema_version: String(schemaVersion('upstream.created')),
      recorded_at: at,
    },
  };
}

export const upstreamsCreated = (count: number): NewEvent<'upstream.created'>[] =>
  Array.from({ length: count }, (_, index) => upstreamCreated(index));

export async function readAll(log: EventLog, stream: string, options?: ReadOptions): Promise<StoredEvent[]> {
  const events: StoredEvent[] = [];
  for await (const event of log.read(stream, options)) {
    events.push(event);
  }
  return events;
}

/** Every event of one stream behind `after`, as a subscriber sees it up to its first `caught-up`. */
export async function caughtUp(log: EventLog, stream: string, after: Position): Promise<StoredEvent[]> {
  const events: StoredEvent[] = [];
  for await (const delivery of log.subscribe({ after, signal: AbortSignal.timeout(20_000) })) {
    if (delivery.kind === 'caught-up') {
      return events;
    }
    if (delivery.event.stream === stream) {
      events.push(delivery.event);
    }
  }
  throw new Error('never caught up');
}

export const ids = (events: readonly { id: string }[]): string[] => events.map((event) => event.id);

/** The error that a promise rejects with. */
export async function failure(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('did not fail');
}
