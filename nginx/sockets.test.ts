// SPDX-License-Identifier: Apache-2.0
/** Hosts on several sockets in the real nginx: IPv4, IPv6, with and without TLS. */
import { connect } from 'node:tls';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { testCertificate } from './certificate.harness.js';
import { compile, RenderRefused, render } from './index.js';
import {
  ask,
  folder,
  freePort,
  hasIpv6,
  installed,
  startNginx,
  testConfig,
  writeBundle,
} from './nginx.harness.js';
import { agent, certificate, certificateId, directive, host, resources } from './specs.harness.js';

const FINGERPRINT = 'd4'.repeat(32);
const answering = { custom_directives: [directive('return', '200', 'here')] };

/** The status line of an answer over TLS. */
const overTls = (port: number, servername: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, servername, rejectUnauthorized: false });
    socket.on('error', reject);
    socket.once('data', (chunk: Buffer) => {
      socket.destroy();
      resolve(chunk.toString().split('\r\n')[0] ?? '');
    });
    socket.write(`GET / HTTP/1.1\r\nHost: ${servername}\r\nConnection: close\r\n\r\n`);
  });

test('a host answers on each of its sockets, and on each an unknown name is refused', async () => {
  const at = folder();
  const [port, tlsPort] = [await freePort(), await freePort()];
  const pair = await testCertificate('everywhere.test');
  at.write(`certificates/${FINGERPRINT}.pem`, pair.certificate);
  at.write(`certificates/${FINGERPRINT}.key`, pair.key);
  const everywhere = host(1, {
    ...answering,
    server_name: 'everywhere.test',
    listen_port: port,
    listens: [
      { address: '0.0.0.0', port: tlsPort, ssl: true },
      ...(hasIpv6 ? [{ address: '[::]', port, ssl: false } as const] : []),
    ],
    ssl_certificate_id: certificateId(1),
    http2_enabled: true,
  });
  const old = host(2, { ...answering, server_name: 'old.test', listen_port: port });
  const model = compile(
    resources({ hosts: [everywhere, old], certificates: [certificate(1, FINGERPRINT)] }),
    agent,
  );
  const conf = writeBundle(at, render(model, installed));
  const tested = testConfig(at, conf);
  assert.ok(tested.ok, tested.output);
  const nginx = await startNginx(at, conf);
  try {
    const status = async (to: { port: number; host?: string }, name: string) =>
      (await ask(to, '/', { host: name })).status;
    assert.is(await status({ port }, 'everywhere.test'), 200);
    assert.is(await status({ port }, 'old.test'), 200);
    assert.is(await overTls(tlsPort, 'everywhere.test'), 'HTTP/1.1 200 OK');
    await overTls(tlsPort, 'old.test').then(
      () => assert.unreachable('no certificate is shown for a name that is not there'),
      (error: Error) => assert.match(error.message, 'unrecognized name'),
    );
    if (hasIpv6) {
      const v6 = { port, host: '::1' };
      assert.is(await status(v6, 'everywhere.test'), 200);
      assert.is(await status(v6, 'nobody.test'), 421);
      assert.is(await status(v6, 'old.test'), 421, 'a host of IPv4 alone');
    }
  } finally {
    await nginx.stop();
    at.remove();
  }
});

test('HTTP/3 is offered where there is TLS, and its port is the one that browsers are told', () => {
  const capabilities = { ...installed, nginxVersion: '1.31.0', modules: [...installed.modules, 'http_v3'] };
  const one = host(1, {
    http3_enabled: true,
    listens: [
      { address: '0.0.0.0', port: 8443, ssl: true },
      { address: '[::]', port: 8443, ssl: true },
    ],
    ssl_certificate_id: certificateId(1),
  });
  const all = resources({ hosts: [one], certificates: [certificate(1, FINGERPRINT)] });
  const { files } = render(compile(all, agent), capabilities);
  const listens = (path: string) =>
    files
      .find((file) => file.path === path)
      ?.content.match(/^ *listen .*$/gm)
      ?.map((line) => line.trim());
  assert.equal(listens(`vhosts/${one.id}.conf`), [
    'listen 8080;',
    'listen 8443 ssl;',
    'listen "[::]:8443" ssl;',
    'listen 8443 quic;',
    'listen "[::]:8443" quic;',
  ]);
  assert.equal(listens('ports/8080.conf'), ['listen 8080 default_server;']);
  assert.equal(listens('ports/8443.conf'), [
    'listen 8443 ssl default_server;',
    'listen "[::]:8443" ssl default_server;',
    'listen 8443 quic reuseport default_server;',
    'listen "[::]:8443" quic reuseport default_server;',
  ]);
  assert.match(files.find(({ path }) => path.startsWith('vhosts/'))?.content ?? '', 'h3=\\":8443\\"');
});

test('a port that two hosts want with and without TLS is refused with the field', () => {
  const [plain, secure] = [
    host(1),
    host(2, {
      listen_port: 8081,
      listens: [{ address: '[::]', port: 8080, ssl: true }],
      ssl_certificate_id: certificateId(1),
    }),
  ];
  try {
    compile(resources({ hosts: [plain, secure], certificates: [certificate(1, FINGERPRINT)] }), agent);
    assert.unreachable();
  } catch (error) {
    assert.instance(error, RenderRefused);
    const { reason, provenance } = error as RenderRefused;
    assert.equal([reason, provenance.field], ['LISTEN_CONFLICT', 'listens[0].ssl']);
  }
});

test.run();
