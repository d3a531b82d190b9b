// SPDX-License-Identifier: Apache-2.0
import type { Report } from '../apply/update.js';
import type { Journal } from '../state/journal.js';

type Final = Extract<Report, { outcome: unknown }>;

/** Brings reports to the master; a final one is told again on each new connection until the master has acknowledged it. */
export interface Teller {
  report(report: Report): void;
  /** `send` gives the message's id. Tells at once what is still to be told. Returns what disconnects. */
  connect(send: (report: Report) => string): () => void;
  /** What the master could not keep is told again with the next heartbeats. */
  acknowledged(messageId: string, kept: boolean): void;
  /** Tells a final report again that was told a while ago and not acknowledged; called with each heartbeat. */
  remind(): void;
  /** Another update was taken: what became of the one before is of no use to the master any more. */
  taken(): void;
  /** The final report of this very update, if the master does not have it yet. */
  untold(digest: string, version: bigint): Final | undefined;
}

/** Starts with what the journal still has to tell. */
export function createTeller(journalOf: () => Journal | undefined): Teller {
  let send: ((report: Report) => string) | undefined;
  let final: Final | undefined;
  let messageId = '';
  let fresh = false;

  const tell = (report: Report): void => {
    const id = send?.(report) ?? '';
    if ('outcome' in report) {
      messageId = id;
      fresh = true;
    }
  };
  const recall = (): void => {
    const entry = journalOf()?.read();
    if (final === undefined && entry?.outcome !== undefined && !entry.told) {
      const { digest, version, outcome } = entry;
      final = { digest, version: BigInt(version), receivedAt: 0, status: outcome.status, outcome };
    }
  };

  return {
    report: (report) => {
      final = 'outcome' in report ? report : final;
      tell(report);
    },
    connect: (through) => {
      send = through;
      recall();
      if (final !== undefined) {
        tell(final);
      }
      return () => {
        if (send === through) {
          send = undefined;
        }
      };
    },
    acknowledged: (id, kept) => {
      if (!kept || final === undefined || id === '' || id !== messageId) {
        return;
      }
      const entry = journalOf()?.read();
      if (entry?.digest === final.digest && entry.version === final.version.toString() && entry.outcome) {
        journalOf()?.told();
      }
      final = undefined;
    },
    remind: () => {
      if (final !== undefined && !fresh) {
        tell(final);
      }
      fresh = false;
    },
    taken: () => {
      final = undefined;
    },
    untold: (digest, version) => {
      recall();
      return final?.digest === digest && final.version === version ? final : undefined;
    },
  };
}
