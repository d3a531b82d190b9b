// SPDX-License-Identifier: Apache-2.0
import type { Clock } from '../../kernel/index.js';
import type { Lease } from '../port.js';
import type { Database } from './database.js';

export interface Leases {
  acquire(name: string, owner: string, ttlMs: number): Lease | undefined;
  release(lease: Lease): void;
  /** Epoch of the newest holder; 0 when nobody ever held it. */
  epoch(name: string): number;
}

/**
 * By the wall clock, which processes share. One that jumps ends a lease early at worst, in either direction: then
 * another owner may take it, and the epoch keeps the first from writing.
 */
export function sqliteLeases(db: Database, clock: Clock): Leases {
  return {
    acquire: (name, owner, ttlMs) => {
      const now = Math.floor(clock.now());
      const row = db.get('SELECT owner, epoch, taken_at, ttl_ms FROM leases WHERE name = ?', name);
      const age = now - Number(row?.taken_at ?? 0);
      const own = row?.owner === owner;
      if (row && !own && age >= 0 && age < Number(row.ttl_ms)) {
        return undefined;
      }
      const epoch = Number(row?.epoch ?? 0) + (own ? 0 : 1);
      db.run(
        'INSERT OR REPLACE INTO leases VALUES (?, ?, ?, ?, ?)',
        name,
        owner,
        epoch,
        now,
        Math.ceil(ttlMs),
      );
      return { name, owner, epoch };
    },
    release: ({ name, owner, epoch }) => {
      db.run('UPDATE leases SET ttl_ms = 0 WHERE name = ? AND owner = ? AND epoch = ?', name, owner, epoch);
    },
    epoch: (name) => Number(db.get('SELECT epoch FROM leases WHERE name = ?', name)?.epoch ?? 0),
  };
}
