// SPDX-License-Identifier: Apache-2.0
import { type Decider, detail, type ErrorDetail, invalid } from '../../kernel/index.js';
import { type CustomEventFact, type EventData, eventSchemas } from '../../schemas/index.js';

type Emitted = EventData<'custom_event.emitted'>;

export interface CustomEventState {
  emitted: Emitted | undefined;
}

export interface CustomEventCommand {
  readonly type: 'emit';
  readonly event: Emitted;
}

/** Bounds of an emitted event's data, as JSON. */
export const MAX_CUSTOM_BYTES = 32 * 1024;
export const MAX_CUSTOM_DEPTH = 8;

/**
 * What programs have of their own, too. Ours that begin so are shown by no feed, and Kafka and the audit name the fact
 * (`custom_event.emitted`) and not the emitter's word for it: who sees `user.created` there has it of a program.
 */
const SHARED_SUBJECTS: readonly string[] = ['user'];

/** What NxMesh's own types begin with, or may one day. */
const OWN_SUBJECTS: ReadonlySet<string> = new Set(
  [
    ...Object.keys(eventSchemas).map((type) => type.split('.')[0] ?? ''),
    'audit',
    'nxmesh',
    'plugin',
    'webhook',
  ].filter((subject) => !SHARED_SUBJECTS.includes(subject)),
);

/** Whether a type is NxMesh's own, so that nobody may emit it. */
const isOwnType = (type: string): boolean => OWN_SUBJECTS.has(type.split('.')[0] ?? '');

const isDeeper = (value: unknown, than: number): boolean =>
  typeof value === 'object' &&
  value !== null &&
  (than === 0 || Object.values(value).some((member) => isDeeper(member, than - 1)));

function faultsOf({ type, data }: Emitted): ErrorDetail[] {
  const faults: ErrorDetail[] = [];
  if (isOwnType(type)) {
    faults.push(detail('type', 'RESERVED', 'NxMesh keeps this type for events of its own'));
  }
  if (isDeeper(data, MAX_CUSTOM_DEPTH)) {
    faults.push(detail('data', 'TOO_DEEP', `Must be nested at most ${MAX_CUSTOM_DEPTH} deep`));
  } else if (Buffer.byteLength(JSON.stringify(data)) > MAX_CUSTOM_BYTES) {
    faults.push(detail('data', 'TOO_LONG', `Must have at most ${MAX_CUSTOM_BYTES} bytes as JSON`));
  }
  return faults;
}

/** Stream `custom_event-<id>`: one event of a program. */
export const customEvent: Decider<CustomEventState, CustomEventCommand, CustomEventFact> = {
  initial: () => ({ emitted: undefined }),
  decide: ({ event }, state) => {
    const faults = faultsOf(event);
    if (faults.length > 0) {
      throw invalid(faults);
    }
    return state.emitted ? [] : [{ type: 'custom_event.emitted', data: event }];
  },
  evolve: (state, fact) => {
    state.emitted = fact.data;
  },
  subject: (fact) => fact.data.custom_event_id,
};
