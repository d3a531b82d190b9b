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
export const people = ({ put, record }: Pick<ReadApi, 'put' | 'record'>) => ({
  member: async (name: string, organization: string, fields: Record<string, unknown> = {}) => {
    const [user_id, organization_id] = [idOf(name), idOf(organization)];
    await put('members', {
      ...resource,
      id: memberId(organization_id, user_id),
      organization_id,
      user_id,
      role: 'editor',
      workspace_roles: {},
      ...fields,
    });
    await record('member', { id: user_id, organization_id }, null);
  },
  invitation: async (name: string, organization: string, expires_at = '2100-01-01T00:00:00.000Z') => {
    const doc = {
      ...resource,
      id: idOf(name),
      organization_id: idOf(organization),
      role: 'viewer',
      invited_by: idOf('owner'),
      has_address: true,
      expires_at,
    };
    await put('invitations', doc);
    await record('invitation', doc, null);
  },
});
