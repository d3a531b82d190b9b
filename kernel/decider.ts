// SPDX-License-Identifier: Apache-2.0
/**
 * The pure heart of an aggregate. `decide` gives the facts that a command causes, or throws an `NxError`; it reads no
 * clock, no randomness and nothing outside its arguments: time and ids come in with the command.
 *
 * `evolve` folds one fact into a state that belongs to the fold alone and may change it in place: a workspace of
 * 10,000 hosts would otherwise be copied for every event of a replay. Resources inside a state are never changed,
 * only replaced, so that whoever holds one holds it as it was.
 */
export interface Decider<State, Command, Fact> {
  initial(): State;
  decide(command: Command, state: State): readonly Fact[];
  evolve(state: State, fact: Fact): void;
  /** Id of the resource that a fact is about: its revisions make the resource's ETag. */
  subject(fact: Fact): string;
}
