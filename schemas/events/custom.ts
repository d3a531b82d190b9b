// SPDX-License-Identifier: Apache-2.0
import { closed, nullable, Timestamp, Type, Uuid } from '../common.js';

/** Names of events that programs emit: two to five words of snake case with dots between them. */
export const CustomEventType = Type.String({
  minLength: 3,
  maxLength: 128,
  pattern: '^[a-z][a-z0-9_]*(\\.[a-z][a-z0-9_]*){1,4}$',
});

/** What the emitter says; of any shape, within the bounds that the command checks. */
export const CustomEventData = Type.Object({}, { additionalProperties: true });

/** Streams `custom_event-<id>`: one event that a program has emitted, under the type that it gave. */
export const customEvents = {
  'custom_event.emitted': closed({
    custom_event_id: Uuid,
    organization_id: Uuid,
    workspace_id: nullable(Uuid),
    type: CustomEventType,
    data: CustomEventData,
    at: Timestamp,
  }),
};
