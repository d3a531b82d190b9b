// SPDX-License-Identifier: Apache-2.0
import { memberId } from '../projections/index.js';
import { AT, idOf, type ReadApi } from './read-api.harness.js';

const resource = {
  created_at: AT,
  updated_at: AT,
  _revision: '2',
  _position: '20',
  _canary: 'canary-internal',
};

/** Puts members and invitations where the read API looks for them. */
export const people = ({ put }: Pick<ReadApi, 'put'>) => ({
  member: (name: string, organization: string, fields: Record<string, unknown> = {}) =>
    put('members', {
      ...resource,
      id: memberId(idOf(organization), idOf(name)),
      organization_id: idOf(organization),
      user_id: idOf(name),
      role: 'editor',
      workspace_roles: {},
      ...fields,
    }),
  invitation: (name: string, organization: string, expires_at = '2100-01-01T00:00:00.000Z') =>
    put('invitations', {
      ...resource,
      id: idOf(name),
      organization_id: idOf(organization),
      role: 'viewer',
      invited_by: idOf('owner'),
      has_address: true,
      expires_at,
    }),
});
