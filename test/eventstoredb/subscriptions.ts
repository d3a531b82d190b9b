// SPDX-License-Identifier: Apache-2.0
import type { ServiceError } from '@grpc/grpc-js';
import { notifier } from '../../kernel/index.js';
import type { ReadCall } from './send.js';

interface OpenSubscription {
  /** An event was looked at, whether or not it passes the filter. */
  looked(): void;
  ended(): boolean;
  frozen(): boolean;
  /** Resolves when one of them changes. */
  wait(): Promise<void>;
  end(): void;
}

/** The subscriptions that a node serves, for tests to take hold of. */
export interface Subscriptions {
  open(call: ReadCall, prefixes: readonly string[]): OpenSubscription;
  count(): number;
  /** Events that were looked at since this was asked last. */
  considered(): number;
  /** The stream names that each subscription asked for, in order. */
  prefixes(): readonly (readonly string[])[];
  /** Those to come bring so many events again that lie before their start. */
  goBack(events: number): void;
  back(): number;
  /** Ends all that are open with this status. */
  kill(error: Partial<ServiceError>): void;
  /** All that are open say nothing any more, and nobody is told: a load balancer that lost them. */
  freeze(): void;
}

export function subscriptions(): Subscriptions {
  const all = new Map<ReadCall, { end: () => void; freeze: () => void }>();
  const prefixes: (readonly string[])[] = [];
  let considered = 0;
  let back = 0;
  return {
    open: (call, asked) => {
      prefixes.push(asked);
      const changed = notifier();
      let ended = false;
      let frozen = false;
      const end = (): void => {
        ended = true;
        all.delete(call);
        changed.notify();
      };
      all.set(call, {
        end,
        freeze: () => {
          frozen = true;
          changed.notify();
        },
      });
      const looked = (): void => {
        considered += 1;
      };
      return { ended: () => ended, frozen: () => frozen, wait: () => changed.wait(), end, looked };
    },
    count: () => all.size,
    considered: () => {
      const before = considered;
      considered = 0;
      return before;
    },
    prefixes: () => prefixes,
    goBack: (events) => {
      back = events;
    },
    back: () => back,
    kill: (error) => {
      for (const [call, { end }] of all) {
        end();
        call.emit('error', error);
      }
    },
    freeze: () => {
      for (const { freeze } of all.values()) {
        freeze();
      }
    },
  };
}
