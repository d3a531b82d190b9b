// SPDX-License-Identifier: Apache-2.0
import { type ClientDuplexStream, credentials } from '@grpc/grpc-js';
import { type AgentMessage, AgentServiceClient, type MasterMessage } from '../../proto/index.js';
import type { Address } from './address.js';
import { GATEWAY_NAME } from './authority.js';
import type { Identity } from './identity.js';

type Stream = ClientDuplexStream<AgentMessage, MasterMessage>;

/** One connection with one stream on it. */
export interface Channel {
  readonly stream: Stream;
  readonly close: () => void;
}

const KEEPALIVE_MS = 20_000;
const KEEPALIVE_ANSWER_MS = 5000;
const MESSAGE_BYTES = 32 * 1024 * 1024;

/** Opens a stream; that it cannot be opened comes as the stream's error. Without an identity only the gateway proves itself. */
export function openChannel(
  address: Address,
  trust: Pick<Identity, 'authorityPem'> & Partial<Pick<Identity, 'key' | 'certificatePem'>>,
): Channel {
  const buffer = (text: string | undefined): Buffer | null => (text === undefined ? null : Buffer.from(text));
  const client = new AgentServiceClient(
    address.text,
    credentials.createSsl(
      Buffer.from(trust.authorityPem),
      buffer(trust.key?.reveal()),
      buffer(trust.certificatePem),
    ),
    {
      'grpc.ssl_target_name_override': GATEWAY_NAME,
      'grpc.default_authority': GATEWAY_NAME,
      'grpc.keepalive_time_ms': KEEPALIVE_MS,
      'grpc.keepalive_timeout_ms': KEEPALIVE_ANSWER_MS,
      'grpc.keepalive_permit_without_calls': 1,
      'grpc.max_receive_message_length': MESSAGE_BYTES,
      'grpc.use_local_subchannel_pool': 1,
      'grpc.enable_retries': 0,
      'grpc.enable_channelz': 0,
      // The authority is fetched directly too; a proxy from the environment would be a surprise.
      'grpc.enable_http_proxy': 0,
    },
  );
  return { stream: client.stream(), close: () => client.close() };
}
