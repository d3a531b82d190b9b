// SPDX-License-Identifier: Apache-2.0
import { type Origin, resourceProjection } from './resource.js';

export interface CustomEventDoc extends Origin {
  readonly id: string;
  readonly organization_id: string;
  readonly workspace_id: string | null;
  readonly type: string;
  /** JSON text: its members are named by programs, and no store has to like their names. */
  readonly data: string;
  readonly emitted_at: string;
}

export const customEvents = resourceProjection({
  name: 'custom_events',
  version: 1,
  category: 'custom_event',
  collection: 'custom_events',
  indexes: [
    'organization_id,emitted_at',
    'organization_id,workspace_id,emitted_at',
    'organization_id,type,emitted_at',
  ],
  on: {
    'custom_event.emitted': ({ custom_event_id, organization_id, workspace_id, type, data, at }) => {
      const doc: Omit<CustomEventDoc, keyof Origin> = {
        id: custom_event_id,
        organization_id,
        workspace_id,
        type,
        data: JSON.stringify(data),
        emitted_at: at,
      };
      return { put: doc };
    },
  },
});
