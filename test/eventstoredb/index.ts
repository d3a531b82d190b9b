// SPDX-License-Identifier: Apache-2.0
/**
 * An EventStoreDB at the other end of a real connection: the client's own generated protocol, served by gRPC in this
 * process, with a store in memory that decides as the server's source does. What it cannot show is what only the real
 * server has: its disk, its elections and its access lists.
 */
import gossipService, { type IGossipServer } from '@eventstore/db-client/generated/gossip_grpc_pb.js';
import gossip from '@eventstore/db-client/generated/gossip_pb.js';
import featuresService, {
  type IServerFeaturesServer,
} from '@eventstore/db-client/generated/serverfeatures_grpc_pb.js';
import features from '@eventstore/db-client/generated/serverfeatures_pb.js';
import shared from '@eventstore/db-client/generated/shared_pb.js';
import streamsService, { type IStreamsServer } from '@eventstore/db-client/generated/streams_grpc_pb.js';
import { Server, ServerCredentials, type ServiceError, status } from '@grpc/grpc-js';
import { appendCall } from './append-call.js';
import { batchCall } from './batch-call.js';
import {
  type Call,
  described,
  type Faults,
  type Incoming,
  type Method,
  notLeader,
  rpcError,
  scriptedFaults,
} from './faults.js';
import { readCall } from './read-call.js';
import { type DoubleStore, doubleStore } from './store.js';
import { type Subscriptions, subscriptions } from './subscriptions.js';

export { accessDenied, cancelled, rpcError, unavailable } from './faults.js';
export { doubleStore } from './store.js';

export interface DoubleOptions {
  /** Shared by the nodes of a cluster, and kept over a restart. */
  readonly store?: DoubleStore;
  readonly port?: number;
  readonly tls?: { readonly key: string; readonly cert: string };
  /** `user:password` that every call must bring. */
  readonly login?: string;
  /** Ports of the cluster's nodes, the leader's first; this node alone when left out. */
  readonly members?: readonly number[];
  readonly maxAppendSize?: number;
}

export interface DoubleNode {
  readonly store: DoubleStore;
  readonly faults: Faults;
  readonly subscriptions: Subscriptions;
  readonly maxAppendSize: number;
  readonly port: number;
  /** Every call that came in, in order. */
  readonly calls: readonly Call[];
  /** Notes the call; what is wrong with it, if anything. */
  admit(method: Method, call: Incoming): Partial<ServiceError> | undefined;
  /** How many reads and subscriptions their clients have cancelled. */
  givenUp(): number;
  cancelled(): void;
  /** Another node leads from now on; undefined: this one. */
  follow(leaderPort: number | undefined): void;
  members(ports: readonly number[]): void;
  stop(): void;
}

export async function startDouble(options: DoubleOptions = {}): Promise<DoubleNode> {
  const server = new Server();
  const calls: Call[] = [];
  let givenUp = 0;
  let leader: number | undefined;
  let ports = options.members;
  const login = options.login && `Basic ${Buffer.from(options.login).toString('base64')}`;

  const node = {
    store: options.store ?? doubleStore(),
    faults: scriptedFaults(),
    subscriptions: subscriptions(),
    maxAppendSize: options.maxAppendSize ?? 1_048_576,
    port: 0,
    calls,
    admit: (method: Method, call: Incoming) => {
      const seen = described(method, call);
      calls.push(seen);
      if (login && seen.authorization !== login) {
        return rpcError(status.UNAUTHENTICATED, 'Not authenticated');
      }
      return leader !== undefined && seen.requiresLeader ? notLeader(leader) : undefined;
    },
    givenUp: () => givenUp,
    cancelled: () => {
      givenUp += 1;
    },
    follow: (port: number | undefined) => {
      leader = port;
    },
    members: (all: readonly number[]) => {
      ports = all;
    },
    stop: () => server.forceShutdown(),
  };

  const streams: IStreamsServer = {
    append: (call, answer) => appendCall(node, call, answer),
    batchAppend: (call) => batchCall(node, call),
    read: (call) => readCall(node, call),
    delete: (_call, answer) => answer(rpcError(status.UNIMPLEMENTED, '')),
    tombstone: (_call, answer) => answer(rpcError(status.UNIMPLEMENTED, '')),
  };
  server.addService(streamsService.StreamsService, streams);
  const supported: IServerFeaturesServer = {
    getSupportedMethods: (_call, answer) => answer(null, supportedMethods()),
  };
  server.addService(featuresService.ServerFeaturesService, supported);
  const members: IGossipServer = {
    read: (call, answer) => {
      node.admit('gossip', call);
      answer(null, clusterInfo(ports ?? [node.port], leader));
    },
  };
  server.addService(gossipService.GossipService, members);

  const { tls } = options;
  const credentials = tls
    ? ServerCredentials.createSsl(null, [
        { private_key: Buffer.from(tls.key), cert_chain: Buffer.from(tls.cert) },
      ])
    : ServerCredentials.createInsecure();
  node.port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${options.port ?? 0}`, credentials, (error, port) =>
      error ? reject(error) : resolve(port),
    );
  });
  return node;
}

function supportedMethods() {
  const method = new features.SupportedMethod();
  method.setServiceName('event_store.client.streams.streams');
  method.setMethodName('batchappend');
  const all = new features.SupportedMethods();
  all.setEventStoreServerVersion('24.10.0');
  all.setMethodsList([method]);
  return all;
}

function clusterInfo(ports: readonly number[], leader = ports[0]) {
  const info = new gossip.ClusterInfo();
  info.setMembersList(
    ports.map((port) => {
      const id = new shared.UUID();
      id.setString(`00000000-0000-4000-a000-${String(port).padStart(12, '0')}`);
      const endpoint = new gossip.EndPoint();
      endpoint.setAddress('127.0.0.1');
      endpoint.setPort(port);
      const member = new gossip.MemberInfo();
      const { LEADER, FOLLOWER } = gossip.MemberInfo.VNodeState;
      member.setInstanceId(id);
      member.setState(port === leader ? LEADER : FOLLOWER);
      member.setIsAlive(true);
      member.setHttpEndPoint(endpoint);
      return member;
    }),
  );
  return info;
}
