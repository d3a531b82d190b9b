// SPDX-License-Identifier: Apache-2.0
/**
 * Where each resource of a workspace belongs. It is never forgotten: a command about what is gone by now finds its
 * stream, so that one that is asked for again is answered as the first time.
 */
import { resourceProjection } from './resource.js';

export interface PlaceDoc {
  readonly id: string;
  readonly kind: 'workspace' | 'agent' | 'upstream' | 'virtual_host' | 'certificate';
  /** Id of a workspace's organization; of anything else's workspace. */
  readonly parent: string;
}

const place = (kind: PlaceDoc['kind'], id: string, parent: string): { put: PlaceDoc } => ({
  put: { id, kind, parent },
});

export const places = resourceProjection({
  name: 'places',
  version: 1,
  category: 'workspace',
  collection: 'places',
  indexes: [],
  on: {
    'workspace.created': ({ workspace: { id, organization_id } }) => place('workspace', id, organization_id),
    'agent.enrolled': ({ agent: { id, workspace_id } }) => place('agent', id, workspace_id),
    'upstream.created': ({ upstream: { id, workspace_id } }) => place('upstream', id, workspace_id),
    'certificate.requested': ({ certificate: { id, workspace_id } }) =>
      place('certificate', id, workspace_id),
    'certificate.uploaded': ({ certificate: { id, workspace_id } }) => place('certificate', id, workspace_id),
    'virtual_host.created': ({ virtual_host: { id, workspace_id } }) =>
      place('virtual_host', id, workspace_id),
  },
});
