// SPDX-License-Identifier: Apache-2.0
/** Who may decide on whom: nobody gives more than they have, and nobody below another decides on them. */
import { NxError } from '../../kernel/index.js';
import { ROLES, type Role } from '../../schemas/index.js';
import type { OrganizationState } from './state.js';

/** Whoever asks for a command about people. */
export interface Actor {
  readonly userId: string;
  /** Administrator of the installation: as an owner of every organization. */
  readonly isAdmin: boolean;
}

export const rank = (role: Role): number => ROLES.indexOf(role);

/** The role that somebody decides with; FORBIDDEN for those who decide on nobody. */
function authority(state: OrganizationState, by: Actor): Role {
  const role = by.isAdmin ? 'owner' : state.members.get(by.userId)?.role;
  if (role === undefined || rank(role) < rank('admin')) {
    throw forbidden('Only admins and owners decide on members');
  }
  return role;
}

/**
 * FORBIDDEN for a role above one's own. Whoever is narrowed in a workspace gives none at all: a new member starts
 * without narrowings and would have more.
 */
export function mayGive(state: OrganizationState, by: Actor, role: Role): void {
  if (rank(role) > rank(authority(state, by))) {
    throw forbidden('Nobody gives a role above their own');
  }
  if (!by.isAdmin && (state.narrowings.get(by.userId)?.size ?? 0) > 0) {
    throw forbidden('Whoever is narrowed in a workspace gives no roles');
  }
}

/** FORBIDDEN where the other's role is above one's own. */
export function mayDecideOn(state: OrganizationState, by: Actor, role: Role): void {
  if (rank(role) > rank(authority(state, by))) {
    throw forbidden('Nobody decides on those above them');
  }
}

const forbidden = (message: string): NxError => new NxError('FORBIDDEN', message);
