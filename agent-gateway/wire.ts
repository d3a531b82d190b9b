// SPDX-License-Identifier: Apache-2.0
import type { ServiceDefinition } from '@grpc/grpc-js';
import {
  type AgentMessage,
  AgentMessage as AgentMessageCodec,
  AgentServiceService,
  type MasterMessage,
  MasterMessage as MasterMessageCodec,
} from '../proto/index.js';

const asIs = (bytes: Buffer): Buffer => bytes;
const raw = {
  requestSerialize: asIs,
  requestDeserialize: asIs,
  responseSerialize: asIs,
  responseDeserialize: asIs,
};

/**
 * The service with messages as bytes: they are decoded only after the caller is known, what cannot be decoded is
 * answered in our words, and one encoded update is sent to many agents.
 */
export const rawService = {
  stream: { ...AgentServiceService.stream, ...raw },
  reportHealth: { ...AgentServiceService.reportHealth, ...raw },
  reportMetrics: { ...AgentServiceService.reportMetrics, ...raw },
} satisfies ServiceDefinition;

export type MasterPayload = NonNullable<MasterMessage['payload']>;

/** A message of the gateway as bytes. `now` is in milliseconds since 1970. */
export const encodeMaster = (payload: MasterPayload, now: number, messageId: string): Buffer =>
  Buffer.from(MasterMessageCodec.encode({ timestamp: BigInt(Math.trunc(now)), payload, messageId }).finish());

/** Undefined for bytes that are no message: truncated, nested too deep, or not protobuf at all. */
export function decode<T>(codec: { decode(bytes: Uint8Array): T }, bytes: Uint8Array): T | undefined {
  try {
    return codec.decode(bytes);
  } catch {
    return undefined;
  }
}

export const decodeAgent = (bytes: Uint8Array): AgentMessage | undefined => decode(AgentMessageCodec, bytes);
