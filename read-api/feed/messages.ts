// SPDX-License-Identifier: Apache-2.0
import { readJson } from '../../http/index.js';
import { detail, type ErrorDetail, invalid, NxError } from '../../kernel/index.js';
import { closed, Decimal, oneOf, type Static, Type, Uuid, validator } from '../../schemas/index.js';
import { meansNothing } from './catalogue.js';

/** `*`, `agent.*`, `agent.connected`. */
const Pattern = Type.String({
  minLength: 1,
  maxLength: 128,
  pattern: '^(\\*|[a-z][a-z0-9_]*(\\.[a-z][a-z0-9_]*){0,4}(\\.\\*)?)$',
});
const Patterns = Type.Array(Pattern, { minItems: 1, maxItems: 32, uniqueItems: true });
const Id = Type.String({ minLength: 1, maxLength: 64, pattern: '^[A-Za-z0-9._:-]+$' });
const Filter = closed({
  organization_id: Type.Optional(Uuid),
  workspace_id: Type.Optional(Uuid),
  agent_id: Type.Optional(Uuid),
  custom: Type.Optional(Type.Boolean()),
});

/** What a client says, by its action. */
const SCHEMAS = {
  subscribe: closed({
    action: Type.Literal('subscribe'),
    id: Type.Optional(Id),
    events: Patterns,
    filter: Type.Optional(Filter),
    after: Type.Optional(Decimal),
  }),
  unsubscribe: closed({
    action: Type.Literal('unsubscribe'),
    id: Type.Optional(Id),
    events: Type.Optional(Patterns),
  }),
  ping: closed({ action: Type.Literal('ping') }),
};

type Actions = keyof typeof SCHEMAS;
export type Message = { [A in Actions]: Static<(typeof SCHEMAS)[A]> }[Actions];
export type Subscribe = Static<typeof SCHEMAS.subscribe>;

const actions = Object.keys(SCHEMAS) as Actions[];
const checkAction = validator(
  Type.Object({ action: oneOf(...actions) }, { additionalProperties: true, required: ['action'] }),
);
const checks = {
  subscribe: validator(SCHEMAS.subscribe),
  unsubscribe: validator(SCHEMAS.unsubscribe),
  ping: validator(SCHEMAS.ping),
};

/** NxError with the field that is wrong. */
export function readMessage(text: string): Message {
  const value = parse(text);
  const action = checkAction(value);
  if (!action.ok) {
    throw invalid(action.details);
  }
  const message = checks[action.value.action](value);
  if (!message.ok) {
    throw invalid(message.details);
  }
  if (message.value.action === 'subscribe') {
    checkPatterns(message.value.events);
  }
  return message.value;
}

function parse(text: string): unknown {
  try {
    return readJson(text);
  } catch (error) {
    throw error instanceof NxError && error.code === 'BAD_REQUEST'
      ? new NxError('BAD_REQUEST', 'The message is not valid JSON', error.details)
      : error;
  }
}

export function checkPatterns(events: readonly string[]): void {
  const faults: ErrorDetail[] = events.flatMap((pattern, index) =>
    meansNothing(pattern) ? [detail(`events[${index}]`, 'UNKNOWN_TYPE', 'No event has such a type')] : [],
  );
  if (faults.length > 0) {
    throw invalid(faults);
  }
}

const Query = closed({
  events: Type.Optional(Patterns),
  organization_id: Type.Optional(Uuid),
  workspace_id: Type.Optional(Uuid),
  agent_id: Type.Optional(Uuid),
  after: Type.Optional(Decimal),
});
const checkQuery = validator(Query);

/** What a subscription looks like in an address: `events=agent.*,config.*&workspace_id=…&after=…`. */
export interface FeedQuery {
  readonly events?: string;
  readonly organization_id?: string;
  readonly workspace_id?: string;
  readonly agent_id?: string;
  readonly after?: string;
}

/** The same as a message would have said it; undefined where no events are named. */
export function subscribeOf({ events, ...rest }: FeedQuery): Subscribe | undefined {
  const checked = checkQuery({ ...rest, ...(events === undefined ? {} : { events: events.split(',') }) });
  if (!checked.ok) {
    throw invalid(checked.details);
  }
  const { events: patterns, after, ...filter } = checked.value;
  if (!patterns) {
    return undefined;
  }
  checkPatterns(patterns);
  return { action: 'subscribe', events: patterns, filter, ...(after === undefined ? {} : { after }) };
}
