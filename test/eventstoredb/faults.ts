// SPDX-License-Identifier: Apache-2.0
import { Metadata, type ServiceError, status } from '@grpc/grpc-js';

export type Method = 'append' | 'batchAppend' | 'read' | 'subscribe' | 'gossip';

/**
 * `fail`: refused before anything happened. `lost`: done, then the call dies. `silent`: nothing happens and nobody
 * answers. `deaf`: done, and nobody answers. `no-position`: done, answered without a position.
 */
type Fault =
  | { readonly kind: 'fail'; readonly error: Partial<ServiceError> }
  | { readonly kind: 'lost' | 'silent' | 'deaf' | 'no-position' };

export interface Call {
  readonly method: Method;
  readonly authorization: string | undefined;
  readonly requiresLeader: boolean;
}

/** What every kind of call has. */
export interface Incoming {
  readonly metadata: Metadata;
}

export interface Faults {
  /** The next `times` calls of a method meet this. */
  inject(method: Method, fault: Fault, times?: number): void;
  take(method: Method): Fault | undefined;
  clear(): void;
}

export function scriptedFaults(): Faults {
  const waiting = new Map<Method, Fault[]>();
  return {
    inject: (method, fault, times = 1) => {
      waiting.set(method, [...(waiting.get(method) ?? []), ...Array<Fault>(times).fill(fault)]);
    },
    take: (method) => waiting.get(method)?.shift(),
    clear: () => waiting.clear(),
  };
}

/** A status as the server's `RpcExceptions` makes them: the client goes by the trailers first, then by the code. */
export function rpcError(
  code: status,
  details: string,
  trailers: Readonly<Record<string, string>> = {},
): Partial<ServiceError> {
  const metadata = new Metadata();
  for (const [key, value] of Object.entries(trailers)) {
    metadata.set(key, value);
  }
  return { code, details, metadata };
}

export const unavailable = rpcError(status.UNAVAILABLE, 'Server Is Not Ready');
export const cancelled = rpcError(status.CANCELLED, 'The server is shutting down');
export const invalidPosition = rpcError(status.INVALID_ARGUMENT, 'Trying to read from an invalid position.');
export const accessDenied = rpcError(status.PERMISSION_DENIED, 'Access Denied', {
  exception: 'access-denied',
});

export const notLeader = (port: number): Partial<ServiceError> =>
  rpcError(status.NOT_FOUND, 'Leader info available', {
    exception: 'not-leader',
    'leader-endpoint-host': '127.0.0.1',
    'leader-endpoint-port': String(port),
  });

export const tooLarge = (limit: number): Partial<ServiceError> =>
  rpcError(status.INVALID_ARGUMENT, `Maximum Append Size of ${limit} Exceeded.`, {
    exception: 'maximum-append-size-exceeded',
    'maximum-append-size': String(limit),
  });

export function described(method: Method, call: Incoming): Call {
  return {
    method,
    authorization: call.metadata.get('authorization')[0]?.toString(),
    requiresLeader: call.metadata.get('requires-leader')[0]?.toString() === 'true',
  };
}
