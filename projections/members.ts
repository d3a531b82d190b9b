// SPDX-License-Identifier: Apache-2.0
import { idOf } from '../kernel/index.js';
import type { Role, StoredEvent, WorkspaceRole } from '../schemas/index.js';
import type { Key, Projection } from './projection.js';
import { type Origin, origin } from './resource.js';

/** A person in an organization. Who that is stands in the vault. */
export interface MemberDoc extends Origin {
  /** Of the membership: one person has several. */
  readonly id: string;
  readonly organization_id: string;
  readonly user_id: string;
  readonly role: Role;
  readonly created_at: string;
  readonly updated_at: string;
  /** Workspace → what is left there of the role. */
  readonly workspace_roles: Readonly<Record<string, WorkspaceRole>>;
}

export const memberId = (organizationId: string, userId: string): string => `${organizationId}/${userId}`;

const COLLECTION = 'members';

type MemberEvent = StoredEvent<
  'member.added' | 'member.role_changed' | 'member.removed' | 'workspace_role.set' | 'workspace_role.cleared'
>;

const keys = (event: StoredEvent): readonly Key[] => [
  { collection: COLLECTION, id: memberId(idOf(event.stream), (event as MemberEvent).data.user_id) },
];

/** What an event leaves of a membership; undefined when it ends it. */
function after(event: MemberEvent, before: MemberDoc | undefined): MemberDoc | undefined {
  if (event.type === 'member.added') {
    const { organization_id, user_id, role, at } = event.data;
    const id = memberId(organization_id, user_id);
    const dates = { created_at: at, updated_at: at };
    return { id, organization_id, user_id, role, ...dates, workspace_roles: {}, ...origin(event) };
  }
  if (event.type === 'member.removed' || !before) {
    return undefined;
  }
  if (event.type === 'member.role_changed') {
    return { ...before, role: event.data.role, updated_at: event.data.at, ...origin(event) };
  }
  const { [event.data.workspace_id]: _, ...others } = before.workspace_roles;
  const workspace_roles =
    event.type === 'workspace_role.set' ? { ...others, [event.data.workspace_id]: event.data.role } : others;
  return { ...before, workspace_roles, _position: String(event.position) };
}

export const members: Projection = {
  name: 'members',
  version: 1,
  categories: ['organization'],
  types: [
    'member.added',
    'member.role_changed',
    'member.removed',
    'workspace_role.set',
    'workspace_role.cleared',
  ],
  collections: [{ name: COLLECTION, indexes: ['organization_id,created_at'] }],
  onPoison: 'park',
  keys,
  reads: keys,
  project: (event, load) =>
    keys(event).map(({ id }) => {
      const doc = after(event as MemberEvent, load(COLLECTION, id) as MemberDoc | undefined);
      return doc
        ? { kind: 'put', collection: COLLECTION, doc: { ...doc } }
        : { kind: 'delete', collection: COLLECTION, id };
    }),
};
