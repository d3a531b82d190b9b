// SPDX-License-Identifier: Apache-2.0
/**
 * How many documents match a filter, remembered until a document of the table is written: every page of a list asks, and
 * SQLite counts by going through all of them. Only for a file that no other connection writes.
 */
export interface Counts {
  get(table: string, filter: string, count: () => number): number;
  /** A document of the table was written. */
  written(table: string): void;
  forget(): void;
}

const MAX_FILTERS = 256;

export function rememberedCounts(): Counts {
  const tables = new Map<string, Map<string, number>>();
  return {
    get: (table, filter, count) => {
      const known = tables.get(table) ?? new Map<string, number>();
      tables.set(table, known);
      const found = known.get(filter) ?? count();
      if (known.size >= MAX_FILTERS) {
        known.clear();
      }
      known.set(filter, found);
      return found;
    },
    written: (table) => void tables.delete(table),
    forget: () => tables.clear(),
  };
}

/** Counts anew every time: other connections write the file too. */
export const freshCounts: Counts = {
  get: (_table, _filter, count) => count(),
  written: () => {},
  forget: () => {},
};
