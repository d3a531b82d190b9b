// SPDX-License-Identifier: Apache-2.0
import type { VirtualHost } from '../schemas/index.js';
import { type Origin, resourceProjection } from './resource.js';

export type VirtualHostDoc = VirtualHost & Origin;

export const virtualHosts = resourceProjection({
  name: 'virtual-hosts',
  version: 2,
  category: 'workspace',
  collection: 'virtual_hosts',
  indexes: ['workspace_id,name'],
  on: {
    'virtual_host.created': ({ virtual_host }) => ({ put: virtual_host }),
    'virtual_host.updated': ({ virtual_host }) => ({ put: virtual_host }),
    'virtual_host.deleted': ({ virtual_host_id }) => ({ remove: virtual_host_id }),
  },
});
