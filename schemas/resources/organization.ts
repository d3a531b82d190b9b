// SPDX-License-Identifier: Apache-2.0
import { closed, DisplayName, Slug, type Static, Timestamp, Uuid } from '../common.js';

export const Organization = closed({
  id: Uuid,
  name: DisplayName,
  slug: Slug,
  created_at: Timestamp,
  updated_at: Timestamp,
});
export type Organization = Static<typeof Organization>;

export const Workspace = closed({
  id: Uuid,
  organization_id: Uuid,
  name: DisplayName,
  slug: Slug,
  created_at: Timestamp,
  updated_at: Timestamp,
});
export type Workspace = Static<typeof Workspace>;
