// SPDX-License-Identifier: Apache-2.0
/**
 * Many changes as one: a workspace is brought to another state in one step, and the rules are asked of what it comes to,
 * not of what it passes through. The facts are those of single changes, so that every reader knows them.
 */
import { canonicalJson, conflict, detail, invariant } from '../../kernel/index.js';
import type { WorkspaceFact } from '../../schemas/index.js';
import { changedFields } from '../workspace/changed.js';
import { evolve } from '../workspace/evolve.js';
import type { WorkspaceState } from '../workspace/state.js';
import { type Change, currentOf, type Kind, type Members, nameOf, type Resource, titleOf } from './change.js';
import { check } from './check.js';
import { created, removed, updated } from './facts.js';

/** Hosts go before what they use, and come after it. */
const REMOVED: readonly Kind[] = ['virtual_host', 'upstream', 'certificate', 'agent'];

const rank = (change: Change): number =>
  'remove' in change ? REMOVED.indexOf(change.kind) : 2 * REMOVED.length - REMOVED.indexOf(change.kind);

export function applyChanges(
  changes: readonly Change[],
  at: string,
  state: WorkspaceState,
): readonly WorkspaceFact[] {
  const facts = changes
    .toSorted((a, b) => rank(a) - rank(b))
    .flatMap((change) => factOf(change, at, state) ?? []);
  const after = copyOf(state);
  for (const fact of facts) {
    evolve(after, fact);
  }
  for (const fact of facts) {
    check(fact, after);
  }
  return facts;
}

const copyOf = (state: WorkspaceState): WorkspaceState => ({
  ...state,
  agents: new Map(state.agents),
  upstreams: new Map(state.upstreams),
  virtualHosts: new Map(state.virtualHosts),
  certificates: new Map(state.certificates),
  issuances: new Map(state.issuances),
  claims: new Map([...state.claims].map(([claim, holders]) => [claim, new Set(holders)])),
});

/** Undefined where nothing would change. */
function factOf(change: Change, at: string, state: WorkspaceState): WorkspaceFact | undefined {
  const { kind, id } = change;
  const current = currentOf(state, kind, id);
  if ('put' in change) {
    if (current) {
      throw conflict('What was to be brought back is there', [
        detail('id', 'EXISTS', `${titleOf(kind, current, id)} is there`),
      ]);
    }
    return created({ kind, resource: { ...change.put, updated_at: at } } as Resource);
  }
  expectThat(kind, id, current, change.expect);
  invariant(current, 'what is expected is there');
  if ('remove' in change) {
    return removed(kind, id, nameOf(current), at);
  }
  const next = { ...current, ...change.set };
  const changed = changedFields(current, next);
  return changed.length === 0
    ? undefined
    : updated({ kind, resource: { ...next, updated_at: at } } as Resource, changed);
}

function expectThat(kind: Kind, id: string, current: object | undefined, expected: Members): void {
  const members = current as Members | undefined;
  const moved = Object.keys(expected).filter(
    (field) => !members || canonicalJson(members[field] ?? null) !== canonicalJson(expected[field] ?? null),
  );
  if (!current || moved.length > 0) {
    const title = titleOf(kind, current ?? expected, id);
    throw conflict(
      'It was changed in the meantime',
      (current ? moved : ['id']).map((field) =>
        detail(field, 'CHANGED_LATER', `${title}: ${current ? 'changed in the meantime' : 'is gone'}`),
      ),
    );
  }
}
