// SPDX-License-Identifier: Apache-2.0
import shared from '@eventstore/db-client/generated/shared_pb.js';
import statusPb from '@eventstore/db-client/generated/status_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import type { ServerDuplexStream } from '@grpc/grpc-js';
import { unavailable } from './faults.js';
import type { DoubleNode } from './index.js';
import { nameOf, proposed, sizeOnDisk } from './messages.js';
import type { Decision, Expecting, Proposed } from './store.js';

type Req = InstanceType<typeof streams.BatchAppendReq>;
type Resp = InstanceType<typeof streams.BatchAppendResp>;
type Options = InstanceType<typeof streams.BatchAppendReq.Options>;

interface Batch {
  readonly options: Options;
  readonly events: Proposed[];
}

/** Many appends over one call, each with a correlation id, in as many messages as the client likes. */
export function batchCall(node: DoubleNode, call: ServerDuplexStream<Req, Resp>): void {
  const open = new Map<string, Batch>();
  const refusal = node.admit('batchAppend', call);
  if (refusal) {
    call.emit('error', refusal);
    return;
  }
  call.on('error', () => undefined);
  call.on('end', () => call.end());
  call.on('data', (request: Req) => {
    const key = Buffer.from(request.getCorrelationId()?.serializeBinary() ?? []).toString('hex');
    const options = request.getOptions();
    const batch = open.get(key) ?? (options && { options, events: [] });
    if (!batch) {
      return;
    }
    open.set(key, batch);
    batch.events.push(...request.getProposedMessagesList().map(proposed));
    if (request.getIsFinal()) {
      open.delete(key);
      finish(node, call, request, batch);
    }
  });
}

function finish(node: DoubleNode, call: ServerDuplexStream<Req, Resp>, request: Req, batch: Batch): void {
  const fault = node.faults.take('batchAppend');
  if (fault?.kind === 'silent') {
    return;
  }
  if (fault?.kind === 'fail') {
    call.emit('error', fault.error);
    return;
  }
  const answer = new streams.BatchAppendResp();
  answer.setCorrelationId(request.getCorrelationId());
  answer.setStreamIdentifier(batch.options.getStreamIdentifier());
  const deadline = batch.options.getDeadline();
  if (deadline && deadline.toDate().getTime() < Date.now()) {
    answer.setError(rpcStatus('event_store.client.Timeout', new Uint8Array()));
  } else if (sizeOnDisk(batch.events) > node.maxAppendSize) {
    const detail = new shared.MaximumAppendSizeExceeded();
    detail.setMaxappendsize(node.maxAppendSize);
    answer.setError(rpcStatus('event_store.client.MaximumAppendSizeExceeded', detail.serializeBinary()));
  } else {
    const name = nameOf(batch.options.getStreamIdentifier());
    fill(answer, node.store.append(name, expecting(batch.options), batch.events));
    if (fault?.kind === 'lost') {
      call.emit('error', unavailable);
      return;
    }
  }
  if (fault?.kind !== 'deaf') {
    call.write(answer);
  }
}

function expecting(options: Options): Expecting {
  if (options.hasNoStream()) {
    return -1n;
  }
  if (options.hasStreamPosition()) {
    return BigInt(options.getStreamPosition());
  }
  return options.hasAny() ? 'any' : 'stream-exists';
}

function fill(answer: Resp, decision: Decision): void {
  if (decision.kind === 'wrong-version') {
    const wrong = new shared.WrongExpectedVersion();
    if (decision.current < 0n) {
      wrong.setCurrentNoStream(new shared.Empty());
    } else {
      wrong.setCurrentStreamRevision(String(decision.current));
    }
    answer.setError(rpcStatus('event_store.client.WrongExpectedVersion', wrong.serializeBinary()));
    return;
  }
  const position = new shared.AllStreamPosition();
  position.setCommitPosition(String(decision.position));
  position.setPreparePosition(String(decision.position));
  const success = new streams.BatchAppendResp.Success();
  success.setCurrentRevision(String(decision.revision));
  success.setPosition(position);
  answer.setSuccess(success);
}

/** `google.rpc.Status` with one detail, from its bytes: the `Any` that it holds is another package's type. */
function rpcStatus(type: string, detail: Uint8Array) {
  const any = [...field(1, Buffer.from(`type.googleapis.com/${type}`)), ...field(2, detail)];
  return statusPb.Status.deserializeBinary(Uint8Array.from(field(3, Uint8Array.from(any))));
}

/** A length-delimited field of the wire format, shorter than 16,384 bytes. */
function field(number: number, bytes: Uint8Array): number[] {
  const { length } = bytes;
  const size = length < 128 ? [length] : [(length & 127) | 128, length >> 7];
  return [(number << 3) | 2, ...size, ...bytes];
}
