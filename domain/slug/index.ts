// SPDX-License-Identifier: Apache-2.0
import { type Decider, detail, NxError, never } from '../../kernel/index.js';
import type { SlugFact } from '../../schemas/index.js';

export interface SlugState {
  holder: { readonly organizationId: string; readonly at: string } | undefined;
}

/** `abandoned`: an organization whose reservation may be taken over, because it was never made or is gone. */
export type SlugCommand =
  | {
      readonly type: 'reserve';
      readonly slug: string;
      readonly organizationId: string;
      readonly at: string;
      readonly abandoned?: string;
    }
  | { readonly type: 'release'; readonly slug: string; readonly organizationId: string; readonly at: string };

function decide(command: SlugCommand, { holder }: SlugState): readonly SlugFact[] {
  const { slug, organizationId, at } = command;
  switch (command.type) {
    case 'reserve': {
      const reserved: SlugFact = {
        type: 'slug.reserved',
        data: { slug, organization_id: organizationId, at },
      };
      if (!holder) {
        return [reserved];
      }
      if (holder.organizationId === organizationId) {
        return [];
      }
      if (holder.organizationId === command.abandoned) {
        return [{ type: 'slug.released', data: { slug, organization_id: command.abandoned, at } }, reserved];
      }
      throw new NxError('CONFLICT', 'The slug is taken', [
        detail('slug', 'DUPLICATE', 'Another organization has this slug'),
      ]);
    }
    case 'release':
      return holder?.organizationId === organizationId
        ? [{ type: 'slug.released', data: { slug, organization_id: organizationId, at } }]
        : [];
    default:
      return never(command, 'command of a slug');
  }
}

/** Stream `slug-<slug>`: which organization holds a slug that is unique over all of them. */
export const slug: Decider<SlugState, SlugCommand, SlugFact> = {
  initial: () => ({ holder: undefined }),
  decide,
  evolve: (state, fact) => {
    state.holder =
      fact.type === 'slug.reserved'
        ? { organizationId: fact.data.organization_id, at: fact.data.at }
        : undefined;
  },
  subject: (fact) => fact.data.organization_id,
};
