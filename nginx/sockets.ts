// SPDX-License-Identifier: Apache-2.0
import { detail, type ErrorDetail } from '../kernel/index.js';
import type { HostSpec, ListenSpec } from './model.js';
import { type Arg, int } from './tree.js';

/** A socket with the field of the host that it comes from. */
export interface Socket extends ListenSpec {
  readonly field: string;
}

type Listening = Pick<HostSpec, 'listen_port' | 'ssl_enabled' | 'listens'>;

/** Every socket of a host: the one that `listen_port` and `ssl_enabled` describe, then those of `listens`. */
export const socketsOf = ({ listen_port, ssl_enabled, listens }: Listening): readonly Socket[] => [
  { address: '0.0.0.0', port: listen_port, ssl: ssl_enabled, field: 'listen_port' },
  ...listens.map((listen, index) => ({ ...listen, field: `listens[${index}]` })),
];

export const speaksTls = (host: Listening): boolean => socketsOf(host).some(({ ssl }) => ssl);

/** What nginx would refuse of them together, and a port that would speak TLS on one address alone. */
export function checkSockets(host: Listening): readonly ErrorDetail[] {
  const sockets = socketsOf(host);
  return sockets.flatMap(({ address, port, ssl, field }, index) => {
    const earlier = sockets.slice(0, index).filter((one) => one.port === port);
    if (earlier.some((one) => one.address === address)) {
      return [detail(field, 'DUPLICATE', 'is there already')];
    }
    return earlier.some((one) => one.ssl !== ssl)
      ? [detail(`${field}.ssl`, 'CONFLICTING_FIELDS', `port ${port} has it otherwise on another address`)]
      : [];
  });
}

/** The first argument of `listen`: for IPv4 the port alone, as people write it. */
export const socketArg = (address: ListenSpec['address'], port: number): Arg =>
  address === '0.0.0.0' ? int(port) : { kind: 'address', host: address, port };
