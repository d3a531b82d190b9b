// SPDX-License-Identifier: Apache-2.0

/** RFC 7240, as far as a route can heed it. What is not understood is left aside, as the RFC says. */
export interface Prefer {
  /** Rather an answer at once than one that waits for the outcome. */
  readonly respondAsync: boolean;
  /** How long the caller would wait before that. */
  readonly waitMs: number | undefined;
}

const MAX_WAIT_S = 30;

export function preferOf(header: string | string[] | undefined): Prefer {
  const wishes = (typeof header === 'string' ? header : (header ?? []).join(','))
    .toLowerCase()
    .split(',')
    .map((wish) => wish.trim());
  const wait = wishes.map((wish) => /^wait\s*=\s*"?([0-9]{1,4})"?$/.exec(wish)?.[1]).find(Boolean);
  return {
    respondAsync: wishes.includes('respond-async'),
    waitMs: wait === undefined ? undefined : Math.min(Number(wait), MAX_WAIT_S) * 1000,
  };
}
