// SPDX-License-Identifier: Apache-2.0
/** Between the store and the messages of the client's own generated protocol. */
import shared from '@eventstore/db-client/generated/shared_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import type { Kept, Proposed } from './store.js';

const { ReadResp } = streams;
export type Request = InstanceType<typeof streams.ReadReq>;
export type Response = InstanceType<typeof streams.ReadResp>;
type Message = InstanceType<typeof streams.AppendReq.ProposedMessage>;

export function proposed(message: Message): Proposed {
  const facts = message.getMetadataMap();
  return {
    id: idText(message.getId()).toLowerCase(),
    type: facts.get('type') ?? '',
    contentType: facts.get('content-type') ?? '',
    data: message.getData_asU8(),
    meta: message.getCustomMetadata_asU8(),
  };
}

/** As `Event.SizeOnDisk`. */
export const sizeOnDisk = (events: readonly Proposed[]): number =>
  events.reduce((sum, one) => sum + one.data.length + one.meta.length + one.type.length * 2, 0);

export const nameOf = (id: InstanceType<typeof shared.StreamIdentifier> | undefined): string =>
  Buffer.from(id?.getStreamName_asU8() ?? []).toString();

function idText(id: InstanceType<typeof shared.UUID> | undefined): string {
  const parts = id?.getStructured();
  if (!parts) {
    return id?.getString() ?? '';
  }
  const half = (bits: string): string => BigInt.asUintN(64, BigInt(bits)).toString(16).padStart(16, '0');
  const hex = half(parts.getMostSignificantBits()) + half(parts.getLeastSignificantBits());
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

export function readEvent(kept: Kept): Response {
  const id = new shared.UUID();
  id.setString(kept.id);
  const stream = new shared.StreamIdentifier();
  stream.setStreamName(Buffer.from(kept.stream));
  const record = new streams.ReadResp.ReadEvent.RecordedEvent();
  record.setId(id);
  record.setStreamIdentifier(stream);
  record.setStreamRevision(String(kept.revision));
  record.setCommitPosition(String(kept.position));
  record.setPreparePosition(String(kept.position));
  record.getMetadataMap().set('type', kept.type).set('created', '638000000000000000');
  record.getMetadataMap().set('content-type', kept.contentType);
  record.setData(kept.data);
  record.setCustomMetadata(kept.meta);
  const event = new streams.ReadResp.ReadEvent();
  event.setEvent(record);
  event.setCommitPosition(String(kept.position));
  const response = new ReadResp();
  response.setEvent(event);
  return response;
}

export function confirmation(id: string): Response {
  const message = new ReadResp.SubscriptionConfirmation();
  message.setSubscriptionId(id);
  const response = new ReadResp();
  response.setConfirmation(message);
  return response;
}

export function checkpoint(position: bigint): Response {
  const message = new ReadResp.Checkpoint();
  message.setCommitPosition(String(position));
  message.setPreparePosition(String(position));
  const response = new ReadResp();
  response.setCheckpoint(message);
  return response;
}

export function caughtUp(): Response {
  const response = new ReadResp();
  response.setCaughtUp(new ReadResp.CaughtUp());
  return response;
}

export function streamNotFound(name: string): Response {
  const stream = new shared.StreamIdentifier();
  stream.setStreamName(Buffer.from(name));
  const message = new ReadResp.StreamNotFound();
  message.setStreamIdentifier(stream);
  const response = new ReadResp();
  response.setStreamNotFound(message);
  return response;
}
