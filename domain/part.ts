// SPDX-License-Identifier: Apache-2.0
import { NxError } from '../kernel/index.js';

/**
 * Whoever changes one part of a resource is told of its fields by their own names: `weight`, not `servers[2].weight`;
 * the part itself has none.
 */
export function inPart<T>(part: string, decide: () => T): T {
  try {
    return decide();
  } catch (error) {
    if (!(error instanceof NxError) || error.details.length === 0) {
      throw error;
    }
    const details = error.details.map((one) =>
      one.field === part || one.field.startsWith(`${part}.`)
        ? { ...one, field: one.field.slice(part.length + 1) }
        : one,
    );
    throw new NxError(error.code, error.message, details);
  }
}
