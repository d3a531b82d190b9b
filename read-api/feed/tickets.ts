// SPDX-License-Identifier: Apache-2.0
/**
 * Tickets: what a WebSocket is opened with in place of an access token, because an address ends in logs. A ticket is
 * 256 random bits, known here by its hash alone, and worth one opening within 30 s. Of all processes that are asked to
 * take it one gets it, because the store gives the document to whoever removes it.
 */
import type { Principal } from '../../http/index.js';
import { Secret, sha256 } from '../../kernel/index.js';
import type { Doc } from '../../read-store/index.js';
import type { FeedDeps } from './deps.js';

const COLLECTION = 'event_tickets';
const TICKET_MS = 30_000;
const PREFIX = 'nxt_';
const TICKET = /^nxt_[A-Za-z0-9_-]{43}$/;
/** Forgotten tickets are swept where new ones are made. */
const SWEEP = 100;

/** Whom a ticket is for, and where it may be used. */
export interface TicketHolder {
  readonly principal: Principal;
  /** The page that asked for it; null for a program that is no browser. */
  readonly origin: string | null;
  readonly workspaceId: string | null;
}

export interface Tickets {
  make(holder: TicketHolder): Promise<{
    readonly ticket: Secret;
    readonly expiresAt: number;
    /** Seconds. */
    readonly expiresIn: number;
  }>;
  /** Undefined for what is no ticket, is used up or too old. */
  redeem(ticket: string): Promise<TicketHolder | undefined>;
}

export async function createTickets({
  store,
  clock,
  random,
}: Pick<FeedDeps, 'store' | 'clock' | 'random'>): Promise<Tickets> {
  await store.define([{ name: COLLECTION, indexes: ['expires_at'] }]);

  async function sweep(now: number): Promise<void> {
    const { items } = await store.find(COLLECTION, { orderBy: 'expires_at', limit: SWEEP });
    const old = items.filter(({ expires_at }) => Number(expires_at) <= now);
    if (old.length > 0) {
      await store.write(old.map(({ id }) => ({ kind: 'delete', collection: COLLECTION, id })));
    }
  }

  return {
    make: async (holder) => {
      const now = clock.now();
      await sweep(now);
      const ticket = new Secret(`${PREFIX}${random.bytes(32).toString('base64url')}`);
      const expiresAt = Math.floor(Math.min(now + TICKET_MS, holder.principal.expiresAt ?? Infinity));
      const doc: Doc = { id: sha256(ticket.reveal()), expires_at: expiresAt, holder };
      await store.write([{ kind: 'put', collection: COLLECTION, doc }]);
      return { ticket, expiresAt, expiresIn: Math.max(0, Math.floor((expiresAt - Math.floor(now)) / 1000)) };
    },
    redeem: async (ticket) => {
      const doc = TICKET.test(ticket) ? await store.take(COLLECTION, sha256(ticket)) : undefined;
      return doc && Number(doc.expires_at) > clock.now() ? (doc.holder as TicketHolder) : undefined;
    },
  };
}
