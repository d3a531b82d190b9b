// SPDX-License-Identifier: Apache-2.0
import * as assert from 'uvu/assert';
import { type Decider, NxError } from '../kernel/index.js';

/** given(past facts).when(command).thenFacts(new facts) or .thenRefused(code, fields). */
export function spec<S, C, F>(decider: Decider<S, C, F>) {
  return (...past: readonly F[]) => ({
    when: (command: C) => {
      const state = decider.initial();
      for (const fact of past) {
        decider.evolve(state, fact);
      }
      const decide = (): readonly F[] => {
        const before = structuredClone(state);
        try {
          return decider.decide(command, state);
        } finally {
          // The state is of what happened; deciding is not happening.
          assert.equal(state, before, 'a decision leaves the state as it was');
        }
      };
      return {
        thenFacts: (...expected: readonly F[]) => assert.equal(decide(), expected),
        facts: decide,
        thenRefused: (code: string, ...fields: readonly string[]) => {
          try {
            decide();
          } catch (error) {
            assert.instance(error, NxError);
            const refusal = error as NxError;
            assert.is(refusal.code, code);
            assert.equal(
              refusal.details.map((one) => one.field),
              fields,
            );
            return refusal;
          }
          throw new Error(`expected ${code}, but the command was accepted`);
        },
      };
    },
  });
}
