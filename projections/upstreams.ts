// SPDX-License-Identifier: Apache-2.0
import type { Upstream } from '../schemas/index.js';
import { type Origin, resourceProjection } from './resource.js';

export type UpstreamDoc = Upstream & Origin;

export const upstreams = resourceProjection({
  name: 'upstreams',
  version: 1,
  category: 'workspace',
  collection: 'upstreams',
  indexes: ['workspace_id,name'],
  on: {
    'upstream.created': ({ upstream }) => ({ put: upstream }),
    'upstream.updated': ({ upstream }) => ({ put: upstream }),
    'upstream.deleted': ({ upstream_id }) => ({ remove: upstream_id }),
  },
});
