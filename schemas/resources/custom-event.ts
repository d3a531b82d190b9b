// SPDX-License-Identifier: Apache-2.0
import { closed, nullable, type Static, Timestamp, Uuid } from '../common.js';
import { CustomEventData, CustomEventType } from '../events/custom.js';

/** An event of a program; of the whole organization where it names no workspace. */
export const CustomEvent = closed({
  id: Uuid,
  organization_id: Uuid,
  workspace_id: nullable(Uuid),
  type: CustomEventType,
  data: CustomEventData,
  emitted_at: Timestamp,
});
export type CustomEvent = Static<typeof CustomEvent>;
