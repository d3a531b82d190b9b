// SPDX-License-Identifier: Apache-2.0
/** CloudEvents 1.0 in Kafka's binary mode: attributes are headers, the value is the data alone. */
import { sha256 } from '../../kernel/index.js';
import { publicData, type StoredEvent } from '../../schemas/index.js';

export interface Message {
  readonly key: string;
  readonly value: string;
  readonly headers: Readonly<Record<string, string>>;
  /** What it takes in a batch, rather too much than too little. */
  readonly bytes: number;
}

/** Lengths and timestamps around a record and each of its headers. */
const RECORD_OVERHEAD = 64;
const HEADER_OVERHEAD = 10;

function message(key: string, value: string, headers: Record<string, string>): Message {
  let bytes = RECORD_OVERHEAD + Buffer.byteLength(key) + Buffer.byteLength(value);
  for (const name in headers) {
    // Meta is bounded ASCII but for what a caller may have put in as an id: three bytes a character is the most.
    bytes += HEADER_OVERHEAD + name.length + 3 * (headers[name]?.length ?? 0);
  }
  return { key, value, headers, bytes };
}

/** The key is the stream: all of a stream goes to one partition, in its order. */
export function toMessage(event: StoredEvent, source: string): Message {
  const { meta } = event;
  const headers: Record<string, string> = {
    ce_specversion: '1.0',
    ce_id: event.id,
    ce_type: `io.nxmesh.${event.type}.v${meta.schema_version}`,
    ce_source: source,
    ce_subject: event.stream,
    ce_time: meta.recorded_at,
    'content-type': 'application/json',
    ce_position: String(event.position),
    ce_revision: String(event.revision),
    ce_correlationid: meta.correlation_id,
  };
  if (meta.organization_id !== undefined) {
    headers['ce_organizationid'] = meta.organization_id;
  }
  if (meta.workspace_id !== undefined) {
    headers['ce_workspaceid'] = meta.workspace_id;
  }
  return message(event.stream, publicData(event), headers);
}

/** Says what could not be sent to `topic`; the event itself is read from the log by its stream and revision. */
export function toDeadLetter(failed: Message, topic: string, reason: string): Message {
  const { ce_id, ce_type, ce_subject, ce_position, ce_revision } = failed.headers;
  const note = {
    reason,
    topic,
    event: { id: ce_id, type: ce_type, stream: ce_subject, revision: ce_revision, position: ce_position },
    value_bytes: Buffer.byteLength(failed.value),
    value_sha256: sha256(failed.value),
  };
  return message(failed.key, JSON.stringify(note), { ...failed.headers, nxmesh_dead_letter: reason });
}
