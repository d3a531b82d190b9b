// SPDX-License-Identifier: Apache-2.0
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { compile, type Resources, render } from './index.js';
import { installed } from './nginx.harness.js';
import { agent, certificate, certificateId, host, hostId, resources } from './specs.harness.js';

const FINGERPRINT = 'c3'.repeat(32);
const file = (all: Resources, path: string, capabilities = installed): string =>
  render(compile(all, agent), capabilities).files.find((one) => one.path === path)?.content ?? '';

test('a host named by its address is reached without a name in the handshake', () => {
  const tls = { listen_port: 8443, ssl_enabled: true, ssl_certificate_id: certificateId(1) };
  const of = (server_name: string): string =>
    file(
      resources({ hosts: [host(1, { ...tls, server_name })], certificates: [certificate(1, FINGERPRINT)] }),
      'ports/8443.conf',
    );
  assert.match(of('a.test'), 'ssl_reject_handshake on;');
  for (const name of ['10.0.0.1', '[::1]', 'a.test 10.0.0.1']) {
    assert.not.match(of(name), 'ssl_reject_handshake');
    assert.match(of(name), `certificates/${FINGERPRINT}.pem`);
  }
});

test('HTTP/2 is written as each version understands it', () => {
  const all = resources({
    hosts: [
      host(1, {
        listen_port: 8443,
        ssl_enabled: true,
        http2_enabled: true,
        ssl_certificate_id: certificateId(1),
      }),
    ],
    certificates: [certificate(1, FINGERPRINT)],
  });
  const of = (nginxVersion: string): readonly [string, string] => {
    const capabilities = { ...installed, nginxVersion };
    return [file(all, 'ports/8443.conf', capabilities), file(all, `vhosts/${hostId(1)}.conf`, capabilities)];
  };
  for (const version of ['1.18.0', '1.22.1', '1.25.0']) {
    const [port, vhost] = of(version);
    assert.match(port, 'listen 8443 ssl http2 default_server;');
    assert.not.match(vhost, 'http2');
  }
  const [port, vhost] = of('1.25.1');
  assert.not.match(port, 'http2');
  assert.match(vhost, 'http2 on;');
});

test.run();
