// SPDX-License-Identifier: Apache-2.0
import { type FullRecord, type Reader, type RecordDoc, withBefore } from '../../projections/index.js';
import {
  closed,
  Decimal,
  nullable,
  Sha256,
  type Static,
  Timestamp,
  Type,
  Uuid,
} from '../../schemas/index.js';
import { pick } from '../present.js';

const Text = Type.String();
/** A resource as its own route shows it. */
const State = nullable(Type.Record(Text, Type.Unknown()));

/** Who did what to which resource, from where, by which request, and what it changed. */
export const AuditRecord = closed({
  /** Place in the organization's audit, from 1 without gaps. */
  number: Type.Integer({ minimum: 1 }),
  hash: Sha256,
  position: Decimal,
  at: Timestamp,
  /** `user:<id>`, `api_key:<id>`, `agent:<id>`, `workflow:<name>` or `system`. */
  actor: Text,
  /** The network that the request came from; null where nobody asked or the person was erased since. */
  address: nullable(Text),
  /** `upstream.updated`. */
  type: Text,
  action: Text,
  resource_kind: Text,
  resource_id: Text,
  resource_name: Text,
  organization_id: nullable(Uuid),
  workspace_id: nullable(Uuid),
  changed: Type.Array(Text),
  before: State,
  after: State,
  details: Type.Record(Text, Type.Unknown()),
  request_id: Text,
  command_id: Text,
  event_id: Uuid,
});
type AuditRecord = Static<typeof AuditRecord>;

/** The network that a request came from, if it can still be opened. */
export type OpenAddress = (sealed: string) => Promise<string | null>;

export interface Opened {
  /** As it is stored: what its hash is over, and its place in the chain. */
  readonly doc: RecordDoc;
  readonly full: FullRecord;
  readonly address: string | null;
}

export interface OpenDeps {
  readonly reader: Reader;
  readonly openAddress: OpenAddress;
}

/** Records with what stood before them and the networks that they came from. */
export async function openRecords(deps: OpenDeps, docs: readonly RecordDoc[]): Promise<readonly Opened[]> {
  const full = await withBefore(deps.reader, docs);
  return Promise.all(
    full.map(async (one, index) => ({
      doc: docs[index] ?? one,
      full: one,
      address: one.address_sealed === null ? null : await deps.openAddress(one.address_sealed),
    })),
  );
}

export const presentRecord = ({ full, address }: Opened): AuditRecord => ({
  number: full.chain_number,
  hash: full.chain_hash,
  address,
  ...pick(full, [
    'position',
    'at',
    'actor',
    'type',
    'action',
    'resource_kind',
    'resource_id',
    'resource_name',
    'organization_id',
    'workspace_id',
    'before',
    'after',
    'details',
    'request_id',
    'command_id',
    'event_id',
  ]),
  changed: [...full.changed],
});
