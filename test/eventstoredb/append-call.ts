// SPDX-License-Identifier: Apache-2.0
import shared from '@eventstore/db-client/generated/shared_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import type { ServerReadableStream, sendUnaryData } from '@grpc/grpc-js';
import { rpcError, tooLarge, unavailable } from './faults.js';
import type { DoubleNode } from './index.js';
import { nameOf, proposed, sizeOnDisk } from './messages.js';
import type { Decision, Expecting, Proposed } from './store.js';

type Req = InstanceType<typeof streams.AppendReq>;
type Resp = InstanceType<typeof streams.AppendResp>;
type Options = InstanceType<typeof streams.AppendReq.Options>;

/** One append a call: options first, then an event a message; the client's half close ends it. */
export function appendCall(
  node: DoubleNode,
  call: ServerReadableStream<Req, Resp>,
  answer: sendUnaryData<Resp>,
) {
  const refusal = node.admit('append', call);
  const fault = node.faults.take('append');
  let options: Options | undefined;
  const events: Proposed[] = [];
  call.on('data', (request: Req) => {
    options ??= request.getOptions();
    const message = request.getProposedMessage();
    if (message) {
      events.push(proposed(message));
    }
  });
  call.on('error', () => undefined);
  const finish = (): void => {
    if (call.cancelled) {
      return;
    }
    if (refusal || fault?.kind === 'fail') {
      answer(refusal ?? (fault?.kind === 'fail' ? fault.error : {}));
      return;
    }
    if (fault?.kind === 'silent') {
      return;
    }
    if (sizeOnDisk(events) > node.maxAppendSize) {
      answer(tooLarge(node.maxAppendSize));
      return;
    }
    if (!options || events.length === 0) {
      answer(rpcError(2, 'Unexpected OperationResult: empty'));
      return;
    }
    const decision = node.store.append(nameOf(options.getStreamIdentifier()), expecting(options), events);
    if (fault?.kind === 'lost') {
      answer(unavailable);
    } else if (fault?.kind !== 'deaf') {
      answer(null, response(decision, fault?.kind === 'no-position'));
    }
  };
  // A call that was cancelled half way ends too, and says so only after it: nothing of it is stored.
  call.on('end', () => setImmediate(finish));
}

function expecting(options: Options): Expecting {
  if (options.hasNoStream()) {
    return -1n;
  }
  if (options.hasRevision()) {
    return BigInt(options.getRevision());
  }
  return options.hasAny() ? 'any' : 'stream-exists';
}

function response(decision: Decision, withoutPosition: boolean): Resp {
  const answer = new streams.AppendResp();
  if (decision.kind === 'wrong-version') {
    const wrong = new streams.AppendResp.WrongExpectedVersion();
    if (decision.current < 0n) {
      wrong.setCurrentNoStream(new shared.Empty());
    } else {
      wrong.setCurrentRevision(String(decision.current));
    }
    answer.setWrongExpectedVersion(wrong);
    return answer;
  }
  const success = new streams.AppendResp.Success();
  success.setCurrentRevision(String(decision.revision));
  if (withoutPosition) {
    success.setNoPosition(new shared.Empty());
  } else {
    const position = new streams.AppendResp.Position();
    position.setCommitPosition(String(decision.position));
    position.setPreparePosition(String(decision.position));
    success.setPosition(position);
  }
  answer.setSuccess(success);
  return answer;
}
