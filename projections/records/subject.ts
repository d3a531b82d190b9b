// SPDX-License-Identifier: Apache-2.0
import { CATEGORIES, type Category } from '../../kernel/index.js';
import { type EventType, eventSchemas, type StoredEvent } from '../../schemas/index.js';

/**
 * What nobody needs in a history: reservations say what the creation beside them says, sessions go on by themselves,
 * versions and deliveries stand in `changes`, and what programs emit is their own.
 */
const LEFT_OUT =
  /^(audit|config|slug|workspace_slug|email|username|custom_event|nginx|health)\.|^session\.refreshed$/;
const AGENTS_OWN = /^agent\.(connected|disconnected)$/;

export const recordedTypes = (Object.keys(eventSchemas) as EventType[]).filter(
  (type) => !LEFT_OUT.test(type) && !AGENTS_OWN.test(type),
);

const recorded: ReadonlySet<string> = new Set(recordedTypes);

export const recordedCategories: readonly Category[] = CATEGORIES.filter(
  (category) => !['audit', 'config', 'slug', 'email', 'username', 'custom_event'].includes(category),
);

/** Kinds whose events carry the resource whole, as the API shows it: only these are shown whole. */
const WHOLE = new Set([
  'organization',
  'workspace',
  'agent',
  'upstream',
  'virtual_host',
  'certificate',
  'invitation',
  'api_key',
]);

/** Kinds whose state is a few members of the event. Hashes, tokens and whatever comes later are not among them. */
const FLAT: Readonly<Record<string, readonly string[]>> = {
  member: ['role'],
  workspace_role: ['role'],
  user: ['is_admin'],
};

/** What else an event may tell, of whatever kind. */
const DETAILS = ['reason', 'kind', 'success', 'session_version'] as const;

const ENDS = /\.(deleted|removed|revoked|cleared|erased|ended)$/;

type Json = Readonly<Record<string, unknown>>;

/** What an event says of the one resource that it is about. */
export interface Subject {
  readonly kind: string;
  readonly id: string;
  /** Names the resource among all: an id alone may stand in several organizations. */
  readonly key: string;
  readonly action: string;
  readonly name: string | undefined;
  readonly changed: readonly string[];
  /** The resource as it stands after the event; null when it is gone, undefined when the event leaves it as it is. */
  readonly after: Json | null | undefined;
  readonly details: Json;
}

const pick = (data: Json, fields: readonly string[]): Json =>
  Object.fromEntries(fields.flatMap((field) => (field in data ? [[field, data[field]]] : [])));

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

function stateAfter(type: string, kind: string, data: Json): Json | null | undefined {
  if (ENDS.test(type)) {
    return null;
  }
  if (WHOLE.has(kind)) {
    return data[kind] as Json | undefined;
  }
  const flat = pick(data, FLAT[kind] ?? []);
  return Object.keys(flat).length > 0 ? flat : undefined;
}

/** The kind, the id of the resource, and where it belongs when its id alone does not name it. */
function identify(
  prefix: string,
  data: Json,
): readonly [kind: string, id: unknown, place?: string | undefined] {
  switch (prefix) {
    case 'agent_command':
      return ['agent', data.agent_id];
    case 'member':
      return [prefix, data.user_id, text(data.organization_id)];
    case 'workspace_role':
      return [prefix, data.user_id, text(data.workspace_id)];
    default:
      return [prefix, (data[prefix] as Json | undefined)?.id ?? data[`${prefix}_id`]];
  }
}

/** Undefined for what has no place in a history. */
export function subjectOf({ type, data: typed }: Pick<StoredEvent, 'type' | 'data'>): Subject | undefined {
  if (!recorded.has(type)) {
    return undefined;
  }
  const data = typed as unknown as Json;
  const dot = type.indexOf('.');
  const [kind, id, place] = identify(type.slice(0, dot), data);
  if (typeof id !== 'string') {
    throw new Error(`${type} names no resource`);
  }
  const own = type.startsWith(`${kind}.`);
  const whole = (data[kind] ?? data) as Json;
  return {
    kind,
    id,
    key: place === undefined ? `${kind}/${id}` : `${kind}/${place}/${id}`,
    action: own ? type.slice(dot + 1) : type.slice(type.indexOf('_') + 1).replace('.', '_'),
    name: text(whole.name) ?? text(whole.domain) ?? text(whole.slug),
    changed: Array.isArray(data.changed) ? (data.changed as string[]) : [],
    after: own ? stateAfter(type, kind, data) : undefined,
    details: pick(data, DETAILS),
  };
}
