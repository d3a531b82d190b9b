// SPDX-License-Identifier: Apache-2.0
/**
 * A slug is reserved before its owner is made, in another stream. A crash between the two leaves a reservation without
 * an owner. It may be taken over once it is this old; a younger one may belong to a command that is still under way.
 */
import type { Clock } from '../kernel/index.js';

const ABANDONED_AFTER_MS = 60_000;

export interface Holder {
  readonly id: string;
  /** RFC 3339. */
  readonly at: string;
}

/** The holder of a slug if it never came to be or is gone, so that its slug may be taken over. */
export async function abandoned(
  holder: Holder | undefined,
  exists: (id: string) => Promise<boolean>,
  clock: Clock,
): Promise<{ abandoned?: string }> {
  if (!holder || clock.now() - Date.parse(holder.at) <= ABANDONED_AFTER_MS || (await exists(holder.id))) {
    return {};
  }
  return { abandoned: holder.id };
}

/**
 * Whether a reservation still stands. One that is asked for again is answered as before, though it may have been taken
 * over since: then whoever asks may not go on, unless what it was for came to be in time.
 */
export const stands = async (
  holder: string | undefined,
  id: string,
  existed: (id: string) => Promise<boolean>,
): Promise<boolean> => holder === id || (await existed(id));
