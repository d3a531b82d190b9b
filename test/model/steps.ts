// SPDX-License-Identifier: Apache-2.0
/** What a run does, as data: which operation, by whom, where, in what manner, and a number that decides the rest. */
import fc from 'fast-check';

/** How often each comes, against the others. */
const OPERATIONS = {
  createUpstream: 9,
  patchUpstream: 8,
  deleteUpstream: 4,
  addServer: 3,
  patchServer: 3,
  removeServer: 2,
  createHost: 8,
  patchHost: 7,
  deleteHost: 4,
  addLocation: 3,
  removeLocation: 2,
  createCertificate: 2,
  deleteCertificate: 2,
  restore: 5,
  undo: 6,
  rollback: 2,
  addMember: 3,
  changeMember: 4,
  removeMember: 2,
  narrow: 4,
  widen: 2,
  race: 3,
  walk: 2,
} as const;
export type OperationName = keyof typeof OPERATIONS;

/** `etag`: with the right If-Match; `stale`: with another one; `again`: sent twice under one key; `other`: another body under it. */
const MANNERS = { plain: 8, etag: 2, stale: 2, again: 3, other: 2, wrong: 1, rehearsed: 3 } as const;
export type Manner = keyof typeof MANNERS;

export interface Step {
  readonly operation: OperationName;
  readonly manner: Manner;
  readonly who: number;
  readonly where: number;
  readonly which: number;
  readonly n: number;
}

const weighted = <T extends string>(weights: Readonly<Record<T, number>>): fc.Arbitrary<T> =>
  fc.oneof(
    ...Object.entries<number>(weights).map(([name, weight]) => ({
      arbitrary: fc.constant(name as T),
      weight,
    })),
  );

const step: fc.Arbitrary<Step> = fc.record({
  operation: weighted(OPERATIONS),
  manner: weighted(MANNERS),
  who: fc.nat(1_000),
  where: fc.nat(1_000),
  which: fc.nat(1_000),
  n: fc.nat(100_000),
});

/** The same seed gives the same steps. */
export const stepsOf = (count: number, seed: number): readonly Step[] =>
  fc.sample(step, { numRuns: count, seed });
