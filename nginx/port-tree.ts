// SPDX-License-Identifier: Apache-2.0
import { supports } from './capabilities.js';
import type { PortModel } from './compiled.js';
import { ownsHttp, TLS_DEFAULTS } from './defaults.js';
import type { Capabilities } from './model.js';
import { socketArg } from './sockets.js';
import { type Arg, type Directive, int, word } from './tree.js';

/** Files of a certificate; the bytes are delivered apart, their fingerprint is part of the digest by these paths. */
export function certificateFiles(fingerprint: string, capabilities: Capabilities): readonly Directive[] {
  const file = (extension: string): Arg => ({
    kind: 'bundle-path',
    prefix: capabilities.bundlePrefix,
    path: `certificates/${fingerprint}.${extension}`,
  });
  return [
    { name: 'ssl_certificate', args: [file('pem')] },
    { name: 'ssl_certificate_key', args: [file('key')] },
  ];
}

/**
 * The server that answers names which no host has: nothing of anybody's, a 421. With TLS the handshake is refused
 * already; where that cannot be (an old version, a host named by its address) the certificate of one of the hosts
 * is shown, never its content.
 */
export function portTree(port: PortModel, capabilities: Capabilities): readonly Directive[] {
  const listen = (address: PortModel['addresses'][number]): readonly Arg[] => [
    socketArg(address, port.port),
    ...(port.tls ? [word('ssl')] : []),
    // Before 1.25.1 it is a property of the port: one host that wants it brings it to all of them.
    ...(port.http2 && supports(capabilities, 'http2_listen') ? [word('http2')] : []),
    word('default_server'),
  ];
  const rejects = port.addressCertificate === null && supports(capabilities, 'ssl_reject_handshake');
  const handshake: readonly Directive[] = rejects
    ? [{ name: 'ssl_reject_handshake', args: [word('on')] }]
    : certificateFiles(port.addressCertificate ?? port.certificate ?? '', capabilities);
  return [
    {
      name: 'server',
      args: [],
      block: [
        ...port.addresses.map((address): Directive => ({ name: 'listen', args: listen(address) })),
        ...(port.http3 ? port.addresses : []).map(
          (address): Directive => ({
            name: 'listen',
            args: [socketArg(address, port.port), word('quic'), word('reuseport'), word('default_server')],
          }),
        ),
        { name: 'server_name', args: [{ kind: 'server-name', name: '' }] },
        // The protocol is agreed on before the name is known: what this server allows holds for all of the port.
        ...(port.tls && !ownsHttp(capabilities) ? TLS_DEFAULTS : []),
        ...(port.tls ? handshake : []),
        { name: 'return', args: [int(421)] },
      ],
    },
  ];
}
