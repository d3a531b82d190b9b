// SPDX-License-Identifier: Apache-2.0
/** Who was let in to an organization at a position: what the read models say now, folded from its stream up to there. */
import type { Position } from '../../kernel/index.js';
import type { Doc } from '../../read-store/index.js';
import type { StoredEvent } from '../../schemas/index.js';
import { type InvitationDoc, invitations } from '../invitations.js';
import { type MemberDoc, members } from '../members.js';

/** What it gives is the caller's own. Nobody and nothing while there is no organization. */
export interface PeopleAt {
  readonly members: readonly MemberDoc[];
  /** Those that nobody had accepted or revoked. */
  readonly invitations: readonly InvitationDoc[];
}

interface Folding {
  readonly members: Map<string, MemberDoc>;
  readonly invitations: Map<string, InvitationDoc>;
}

/** About what one of them takes. */
const BYTES = 512;

function project(folding: Folding, event: StoredEvent): void {
  for (const projection of [members, invitations]) {
    if (!projection.types?.includes(event.type)) {
      continue;
    }
    const docs = folding[projection.name as keyof Folding] as unknown as Map<string, Doc>;
    for (const op of projection.project(event, (_, id) => docs.get(id))) {
      if (op.kind === 'put') {
        docs.set(op.doc.id, op.doc);
      } else {
        docs.delete(op.id);
      }
    }
  }
}

/** For `folds`: an organization's stream. */
export const peopleFold = {
  initial: (): Folding => ({ members: new Map(), invitations: new Map() }),
  copy: (folding: Folding): Folding => ({
    members: new Map(folding.members),
    invitations: new Map(folding.invitations),
  }),
  markOf: ({ position }: StoredEvent): Position => position,
  evolve: (folding: Folding, event: StoredEvent): void => {
    if (event.type === 'organization.deleted') {
      folding.members.clear();
      folding.invitations.clear();
    } else {
      project(folding, event);
    }
  },
  bytesOf: (folding: Folding): number => (folding.members.size + folding.invitations.size + 1) * BYTES,
};
