import type { VirtualHost } from '../schemas/index.js';
import { type Origin, resourceProjection } from './resource.js';

export type VirtualHostDoc = VirtualHost & Origin;

export const virtualHosts = resourceProjection({
  name: 'virtual-hosts',
  version: 1,
  category: 'workspace',
  collection: 'virtual_hosts',
  indexes: ['workspace_id', 'name'],
  change: (event) => {
    switch (event.type) {
      case 'virtual_host.created':
      case 'virtual_host.updated':
        return { put: event.data.virtual_host };
      case 'virtual_host.deleted':
        return { remove: event.data.virtual_host_id };
      default:
        // The other facts of the stream are about other things.
        return undefined;
    }
  },
});
