// SPDX-License-Identifier: Apache-2.0
/** What the rendered configuration does in the real nginx: requests through it to real upstream servers. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { testCertificate } from './certificate.harness.js';
import { compile, type HostSpec, render } from './index.js';
import {
  ask,
  folder,
  freePort,
  installed,
  type Running,
  startNginx,
  testConfig,
  writeBundle,
} from './nginx.harness.js';
import {
  agent,
  certificate,
  certificateId,
  directive,
  header,
  host,
  location,
  resources,
  server,
  upstream,
} from './specs.harness.js';

const FINGERPRINT = 'b2'.repeat(32);
const at = folder();

/** Answers what it was asked, so that a test sees what came through. */
function echo(): Promise<Server> {
  const answer = (request: IncomingMessage): string =>
    JSON.stringify({ url: request.url, headers: request.headers, version: request.httpVersion });
  const listening = createServer((request, response) => {
    if (request.url?.endsWith('/redirect') === true) {
      const path = request.url.replace('/redirect', '/target');
      response.writeHead(302, { location: `http://${request.headers.host ?? ''}${path}` });
    }
    response.end(answer(request));
  });
  return new Promise((resolve) => listening.listen(0, '127.0.0.1', () => resolve(listening)));
}

interface Seen {
  readonly url: string;
  readonly version: string;
  readonly headers: Readonly<Record<string, string>>;
}

let backend: Server;
let nginx: Running;
let port = 0;
let tlsPort = 0;

const get = (name: string, path: string, headers: Readonly<Record<string, string>> = {}) =>
  ask({ port }, path, { host: name, ...headers });
const through = async (
  name: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Seen> => {
  const { status, body } = await get(name, path, headers);
  assert.is(status, 200, body);
  return JSON.parse(body) as Seen;
};

function hosts(backendPort: number): readonly HostSpec[] {
  const upstream_id = upstream(1).id;
  return [
    host(1, {
      server_name: 'app.test *.app.test',
      custom_directives: [directive('add_header', 'X-Everywhere', 'yes', 'always')],
      locations: [
        location('/', { upstream_id }),
        location('/own', {
          upstream_id,
          custom_headers: [
            header('Host', 'inner.test', { applies_to: 'request' }),
            header('X-Gone', '', { applies_to: 'request' }),
            header('X-Here', 'a"; $scheme \\ {}', { always: true }),
          ],
        }),
        location('/literal/', { proxy_pass: `http://localhost:${backendPort}/inner/` }),
        location('/same/', { proxy_pass: `http://127.0.0.1:${backendPort}` }),
        location('/rewritten/', {
          upstream_id,
          rewrite_rules: [{ pattern: '^/rewritten/(.*)$', replacement: '/g?route=$1', flag: 'break' }],
        }),
        location('/moved/', {
          rewrite_rules: [
            { pattern: '^/moved/([a-z]+)$', replacement: '/to/$1', flag: 'permanent' },
            { pattern: '^/moved/to/(.*)$', replacement: 'https://other.test/$1', flag: 'redirect' },
            { pattern: '^/moved/x-break$', replacement: '/index.html', flag: 'break' },
          ],
        }),
      ],
    }),
    host(2, { server_name: 'empty.test' }),
    host(3, {
      server_name: 'files.test',
      locations: [
        location('/img', { root: 'site' }),
        location('/page', {
          root: 'site',
          index: 'start.html',
          custom_directives: [directive('try_files', '$uri', '$uri/', '=404')],
        }),
      ],
    }),
    host(4, {
      server_name: 'to-tls.test',
      custom_directives: [directive('return', '301', 'https://$host$request_uri')],
    }),
    host(5, {
      server_name: 'tls.test',
      listen_port: tlsPort,
      ssl_enabled: true,
      ssl_certificate_id: certificateId(1),
      http2_enabled: true,
      locations: [location('/', { upstream_id })],
    }),
  ].map((one) => (one.listen_port === 8080 ? { ...one, listen_port: port } : one));
}

test.before(async () => {
  backend = await echo();
  port = await freePort();
  tlsPort = await freePort();
  const { port: backendPort } = backend.address() as AddressInfo;
  mkdirSync(join(at.path, 'site', 'img'), { recursive: true });
  mkdirSync(join(at.path, 'site', 'page'));
  writeFileSync(join(at.path, 'site', 'img', 'a.svg'), '<svg/>');
  writeFileSync(join(at.path, 'site', 'secret.txt'), 'secret');
  writeFileSync(join(at.path, 'site', 'page', 'start.html'), 'start');
  const pair = await testCertificate('tls.test');
  at.write(`certificates/${FINGERPRINT}.pem`, pair.certificate);
  at.write(`certificates/${FINGERPRINT}.key`, pair.key);
  const capabilities = { ...installed, webRoots: { site: join(at.path, 'site') } };
  const model = compile(
    resources({
      hosts: hosts(backendPort),
      upstreams: [upstream(1, { servers: [server(`127.0.0.1:${backendPort}`)], keepalive_connections: 4 })],
      certificates: [certificate(1, FINGERPRINT)],
    }),
    agent,
  );
  const conf = writeBundle(at, render(model, capabilities), capabilities);
  const tested = testConfig(at, conf);
  assert.ok(tested.ok, tested.output);
  nginx = await startNginx(at, conf);
});

test.after(async () => {
  await nginx.stop();
  await new Promise((done) => backend.close(done));
  at.remove();
});

test('an upstream is told who asked, and for what', async () => {
  const seen = await through('app.test', '/a?b=c', { 'x-forwarded-for': '9.9.9.9' });
  assert.is(seen.url, '/a?b=c');
  assert.is(seen.version, '1.1');
  assert.is(seen.headers['host'], 'app.test');
  assert.is(seen.headers['x-real-ip'], '127.0.0.1');
  assert.is(seen.headers['x-forwarded-for'], '9.9.9.9, 127.0.0.1');
  assert.is(seen.headers['x-forwarded-proto'], 'http');
  assert.is(seen.headers['x-forwarded-host'], 'app.test');
  assert.is(seen.headers['upgrade'], undefined);
});

test('an upgrade is passed on', async () => {
  const seen = await through('app.test', '/ws', { upgrade: 'websocket', connection: 'upgrade' });
  assert.is(seen.headers['upgrade'], 'websocket');
  assert.is(seen.headers['connection'], 'upgrade');
});

test('own headers replace ours by name and leave the others', async () => {
  const seen = await through('www.app.test', '/own', { 'x-gone': 'here' });
  assert.is(seen.headers['host'], 'inner.test');
  assert.is(seen.headers['x-gone'], undefined);
  assert.is(seen.headers['x-real-ip'], '127.0.0.1');
  const { headers } = await get('www.app.test', '/own');
  assert.is(headers['x-here'], 'a"; http \\ {}');
  assert.is(headers['x-everywhere'], 'yes');
});

test('a literal URL is asked by its own name, its path replaces that of the location', async () => {
  const { port: backendPort } = backend.address() as AddressInfo;
  const seen = await through('app.test', '/literal/x/y');
  assert.is(seen.url, '/inner/x/y');
  assert.is(seen.headers['host'], `localhost:${backendPort}`);
  assert.is(seen.headers['x-forwarded-host'], 'app.test');
  assert.is((await through('app.test', '/same/x')).url, '/same/x');
});

test('a redirect to a literal URL leads back through the location', async () => {
  const location = async (path: string) => (await get('app.test', path)).headers['location'];
  assert.is(await location('/literal/redirect'), `http://app.test:${port}/literal/target`);
  assert.is(await location('/same/redirect'), `http://app.test:${port}/same/target`);
  assert.is(await location('/redirect'), 'http://app.test/target');
});

test('an unknown name is answered by nobody', async () => {
  assert.is((await get('unknown.test', '/')).status, 421);
  assert.is((await get('127.0.0.1', '/')).status, 421);
});

test('what no location answers is not found, and never a file of nginx itself', async () => {
  assert.is((await get('empty.test', '/')).status, 404);
  assert.is((await get('files.test', '/')).status, 404);
  assert.is((await get('files.test', '/index.html')).status, 404);
  assert.is((await get('app.test', '/moved/x-break')).status, 404);
  assert.is((await get('app.test', '/moved/Nothing')).status, 404);
});

test('files are those of the web root', async () => {
  const image = await get('files.test', '/img/a.svg');
  assert.is(image.body, '<svg/>');
  assert.is(image.headers['content-type'], 'image/svg+xml');
  assert.is((await get('files.test', '/page/')).body, 'start');
  assert.is((await get('files.test', '/page/none')).status, 404);
  assert.is((await get('files.test', '/img../secret.txt')).status, 404);
  assert.is.not((await get('files.test', '/img/../secret.txt')).status, 200);
  assert.is.not((await get('files.test', '/img/%2e%2e/secret.txt')).status, 200);
});

test('rewrites keep captures to what they may hold', async () => {
  assert.is((await through('app.test', '/rewritten/users-7/x?y=z')).url, '/g?route=users-7/x&y=z');
  for (const path of [
    '/rewritten/a%0d%0aX:b',
    '/rewritten/a%20b',
    '/rewritten/a%26admin=1',
    '/rewritten/a%23b',
    '/rewritten/%25',
  ]) {
    assert.is((await get('app.test', path)).status, 400, path);
  }
  assert.is((await get('app.test', '/moved/abc')).headers['location'], `http://app.test:${port}/to/abc`);
  assert.is((await get('app.test', '/moved/to/x%20y')).headers['location'], 'https://other.test/x y');
  const split = await get('app.test', '/moved/to/a%0d%0aSet-Cookie:b=c');
  assert.is(split.status, 400);
  assert.is(split.headers['set-cookie'], undefined);
});

test('a redirect keeps the request as it was written', async () => {
  const { status, headers } = await get('to-tls.test', '/a%20b?c=%0d%0a');
  assert.is(status, 301);
  assert.is(headers['location'], 'https://to-tls.test/a%20b?c=%0d%0a');
});

const handshake = (servername: string | undefined): Promise<string> =>
  new Promise((resolve) => {
    const socket = connectTls({
      port: tlsPort,
      host: '127.0.0.1',
      rejectUnauthorized: false,
      ALPNProtocols: ['h2', 'http/1.1'],
      ...(servername !== undefined && { servername }),
    });
    socket.on('secureConnect', () => {
      resolve(`${socket.getProtocol() ?? ''} ${String(socket.alpnProtocol)}`);
      socket.destroy();
    });
    socket.on('error', (error) => resolve(error.message));
  });

test('TLS is spoken for known names only, with HTTP/2 and TLS 1.3', async () => {
  assert.is(await handshake('tls.test'), 'TLSv1.3 h2');
  assert.match(await handshake('unknown.test'), /unrecognized name/);
  assert.match(await handshake(undefined), /unrecognized name|alert/);
});

test('another name inside an accepted TLS connection is misdirected', async () => {
  const client = connectHttp2(`https://127.0.0.1:${tlsPort}`, {
    servername: 'tls.test',
    rejectUnauthorized: false,
  });
  const status = (authority: string): Promise<number> =>
    new Promise((resolve, reject) => {
      const stream = client.request({ ':path': '/', ':authority': authority });
      stream.on('response', (headers) => resolve(Number(headers[':status'])));
      stream.on('error', reject);
      stream.resume();
    });
  try {
    assert.is(await status('tls.test'), 200);
    assert.is(await status('other.test'), 421);
  } finally {
    client.close();
  }
});

test('the proof server answers digest and worker, and the status', async () => {
  const socketPath = join(at.path, 'proof.sock');
  const proof = await ask({ socketPath }, '/.nxmesh/proof');
  assert.match(proof.body, /^[0-9a-f]{64} [0-9]+$/);
  assert.is(proof.headers['content-type'], 'text/plain');
  assert.is(proof.headers['x-nxmesh-version'], '1');
  assert.match((await ask({ socketPath }, '/.nxmesh/status')).body, /^Active connections: /);
  assert.is((await ask({ socketPath }, '/other')).status, 404);
  // The proof is nobody else's business: not on a port.
  assert.is((await get('app.test', '/.nxmesh/proof')).body.includes(proof.body.slice(0, 64)), false);
});

test('nginx closes what is no HTTP', async () => {
  const answer = await new Promise<string>((resolve) => {
    let text = '';
    const socket = connect(port, '127.0.0.1', () =>
      socket.write('GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n'),
    );
    socket.on('data', (chunk) => {
      text += chunk.toString();
    });
    socket.on('close', () => resolve(text));
  });
  assert.match(answer, /^HTTP\/1.1 400 /);
});

test.run();
