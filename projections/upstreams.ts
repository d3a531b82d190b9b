import type { Upstream } from '../schemas/index.js';
import { type Origin, resourceProjection } from './resource.js';

export type UpstreamDoc = Upstream & Origin;

export const upstreams = resourceProjection({
  name: 'upstreams',
  version: 1,
  category: 'workspace',
  collection: 'upstreams',
  indexes: ['workspace_id', 'name'],
  change: (event) => {
    switch (event.type) {
      case 'upstream.created':
      case 'upstream.updated':
        return { put: event.data.upstream };
      case 'upstream.deleted':
        return { remove: event.data.upstream_id };
      default:
        // The other facts of the stream are about other things.
        return undefined;
    }
  },
});
