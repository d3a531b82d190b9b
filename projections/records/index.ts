// SPDX-License-Identifier: Apache-2.0
/**
 * The history of every resource, one document an event: who did what to which resource, and the resource as it stood
 * after it. It serves the history of a resource, travel in time, and the audit.
 *
 * A record's id is its event's position in twenty digits, so that every index is in the order of the log: the records
 * of a resource, of a person or of a workspace, newest first or from a position on, are one walk along one index.
 * A record does not repeat what stood before: `previous` names the record that does (`withBefore`).
 */
import { chainHash, INSTALLATION, NOTHING } from '../../domain/index.js';
import type { Doc, Op } from '../../read-store/index.js';
import type { StoredEvent } from '../../schemas/index.js';
import type { Key, Load, Projection } from '../projection.js';
import { recordedCategories, recordedTypes, type Subject, subjectOf } from './subject.js';

export const RECORDS = 'records';
export const SUBJECTS = 'subjects';
export const CHAINS = 'chains';

/** What one event did to one resource. */
export interface RecordDoc {
  /** `recordId` of the position. */
  readonly id: string;
  readonly event_id: string;
  /** The chain that it stands in: its organization's, or that of the whole installation. */
  readonly chain: string;
  /** Its place in the chain, from 1. */
  readonly chain_number: number;
  readonly chain_hash: string;
  /** Null for what belongs to the whole installation: users, sessions. */
  readonly organization_id: string | null;
  readonly workspace_id: string | null;
  readonly position: string;
  /** Revision in the event's stream: the resource's ETag from here on. */
  readonly revision: string;
  readonly at: string;
  /** `user:<id>`, `api_key:<id>`, `agent:<id>`, `workflow:<name>` or `system`. */
  readonly actor: string;
  /** The network that it was asked from, under the actor's own key; null where nobody asked. */
  readonly address_sealed: string | null;
  /** `upstream.updated`. */
  readonly type: string;
  /** `updated`. */
  readonly action: string;
  readonly resource_kind: string;
  readonly resource_id: string;
  /** As far as it was known then. */
  readonly resource_name: string;
  /** Names of the top-level fields that changed; empty where the event does not say. */
  readonly changed: readonly string[];
  /** `set`: `after` is what stands from here on. `gone`: nothing stands. `kept`: the event left the resource as it was. */
  readonly state: 'set' | 'gone' | 'kept';
  readonly after: Readonly<Record<string, unknown>> | null;
  /** Id of the record that set the resource before this one; null for the first. */
  readonly previous: string | null;
  /** What else the event says and may be shown: why, of which kind. */
  readonly details: Readonly<Record<string, unknown>>;
  readonly command_id: string;
  /** The request, or other first cause, that all of it belongs to. */
  readonly request_id: string;
}

/** How far a chain has come. */
export interface ChainDoc {
  /** The organization's id, or `installation`. */
  readonly id: string;
  readonly number: number;
  readonly hash: string;
  /** Id of its newest record. */
  readonly newest: string;
}

/** The newest state of a resource, also of one that is gone. */
export interface SubjectDoc {
  /** `<kind>/<id>`. */
  readonly id: string;
  /** `placeKey` of where it belongs; null for what belongs to none. */
  readonly place: string | null;
  readonly resource_id: string;
  readonly name: string;
  /** Id of the record that set it, or said that it is gone. */
  readonly record: string | null;
  readonly gone: boolean;
  /** Id of the newest record about it. */
  readonly newest: string;
}

const DIGITS = 20;

/** Text of one length, so that it is ordered as positions are. */
export const recordId = (position: bigint): string => String(position).padStart(DIGITS, '0');

/** Resources of a kind in a workspace, or the workspaces of an organization. */
export const placeKey = (parentId: string, kind: string): string => `${parentId}/${kind}`;

/** The id of a resource's `subjects` document. */
export const subjectKey = (kind: string, id: string): string => `${kind}/${id}`;

function keys(event: StoredEvent): readonly Key[] {
  const subject = subjectOf(event);
  return subject ? [{ collection: SUBJECTS, id: subject.key }] : [];
}

function reads(event: StoredEvent): readonly Key[] {
  const subject = subjectOf(event);
  return subject
    ? [
        { collection: SUBJECTS, id: subject.key },
        { collection: CHAINS, id: chainOf(subject, event) },
      ]
    : [];
}

const chainOf = (subject: Subject, event: StoredEvent): string =>
  belongsTo('organization', subject, event) ?? INSTALLATION;

function placeOf({ kind }: Subject, record: RecordDoc): string | null {
  const parent = kind === 'workspace' ? record.organization_id : record.workspace_id;
  return parent === null || kind === 'organization' ? null : placeKey(parent, kind);
}

/** What the metadata says, or the event itself, or the resource in it. */
function belongsTo(what: 'organization' | 'workspace', subject: Subject, event: StoredEvent): string | null {
  const field = `${what}_id` as const;
  const data: Readonly<Record<string, unknown>> = event.data;
  const said = event.meta[field] ?? data[field] ?? subject.after?.[field];
  return typeof said === 'string' ? said : subject.kind === what ? subject.id : null;
}

/** What the chain's hash is over: the record without its place in the chain. */
export type Chained = Omit<RecordDoc, 'chain' | 'chain_number' | 'chain_hash'>;

function record(event: StoredEvent, subject: Subject, before: SubjectDoc | undefined): Chained {
  const { meta } = event;
  const { after } = subject;
  return {
    id: recordId(event.position),
    event_id: event.id,
    organization_id: belongsTo('organization', subject, event),
    workspace_id: belongsTo('workspace', subject, event),
    position: String(event.position),
    revision: String(event.revision),
    at: meta.recorded_at,
    actor: meta.actor,
    address_sealed: meta.address_sealed ?? null,
    type: event.type,
    action: subject.action,
    resource_kind: subject.kind,
    resource_id: subject.id,
    resource_name: subject.name ?? before?.name ?? '',
    changed: subject.changed,
    state: after === undefined ? 'kept' : after === null ? 'gone' : 'set',
    after: after ?? null,
    previous: before?.record ?? null,
    details: subject.details,
    command_id: meta.command_id,
    request_id: meta.correlation_id,
  };
}

function project(event: StoredEvent, load: Load): readonly Op[] {
  const subject = subjectOf(event);
  if (!subject) {
    return [];
  }
  const before = load(SUBJECTS, subject.key) as SubjectDoc | undefined;
  const id = recordId(event.position);
  if (before && before.newest >= id) {
    // Taken in already.
    return [];
  }
  const chain = chainOf(subject, event);
  const head = load(CHAINS, chain) as ChainDoc | undefined;
  const doc = linked(record(event, subject, before), chain, head);
  const next: SubjectDoc = {
    id: subject.key,
    place: before?.place ?? placeOf(subject, doc),
    resource_id: subject.id,
    name: doc.resource_name,
    record: doc.state === 'kept' ? (before?.record ?? null) : id,
    gone: doc.state === 'kept' ? (before?.gone ?? false) : doc.state === 'gone',
    newest: id,
  };
  const { chain_number: number, chain_hash: hash } = doc;
  return [put(RECORDS, doc), put(SUBJECTS, next), put(CHAINS, { id: chain, number, hash, newest: id })];
}

/** A record at the end of its chain. */
export function linked(one: Chained, chain: string, head: ChainDoc | undefined): RecordDoc {
  return {
    ...one,
    chain,
    chain_number: (head?.number ?? 0) + 1,
    chain_hash: chainHash(head?.hash ?? NOTHING, one),
  };
}

const put = (collection: string, doc: RecordDoc | SubjectDoc | ChainDoc): Op => ({
  kind: 'put',
  collection,
  doc: doc as unknown as Doc,
});

export const records: Projection = {
  name: 'records',
  version: 1,
  categories: recordedCategories,
  types: recordedTypes,
  collections: [
    {
      name: RECORDS,
      indexes: [
        'chain',
        'chain,actor',
        'chain,type',
        'workspace_id',
        'resource_id',
        'request_id,chain',
        'at',
      ],
    },
    { name: SUBJECTS, indexes: ['place'] },
    { name: CHAINS, indexes: [] },
  ],
  onPoison: 'park',
  keys,
  reads,
  project,
};
