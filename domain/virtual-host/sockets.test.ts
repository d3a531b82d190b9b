// SPDX-License-Identifier: Apache-2.0
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { spec } from '../given.harness.js';
import { type WorkspaceCommand, workspace } from '../workspace/index.js';
import {
  AT,
  certificateFact,
  created,
  hostFact,
  hostOf,
  id,
  upstreamFact,
} from '../workspace/workspace.fixture.js';

const given = spec(workspace);
const upstream = upstreamFact(2);
const create = (body: object): WorkspaceCommand =>
  ({
    type: 'create-virtual-host',
    id: id(1),
    body: { name: 'API', server_name: 'api.example.com', ...body },
    at: AT,
  }) as WorkspaceCommand;
const prod = { type: 'selector', label_selector: 'env=production' };

const listens = [{ port: 8080 }, { port: 8443, ssl: true }, { address: '[::]', port: 8080 }];
const tls = { ssl_certificate_id: id(9), listens };
const certificate = certificateFact(9, ['api.example.com', 'host-5.example.com']);

test('sockets beside the first are completed', () => {
  const [fact] = given(created, certificate).when(create(tls)).facts();
  const host = fact?.type === 'virtual_host.created' ? fact.data.virtual_host : undefined;
  assert.equal([host?.listen_port, host?.ssl_enabled], [80, false]);
  assert.equal(host?.listens, [
    { address: '0.0.0.0', port: 8080, ssl: false },
    { address: '0.0.0.0', port: 8443, ssl: true },
    { address: '[::]', port: 8080, ssl: false },
  ]);
});

const sockets: [string, object, string[]][] = [
  ['the first socket again', { listens: [{ port: 80 }] }, ['listens[0]']],
  ['a socket twice', { listens: [{ port: 81 }, { port: 81 }] }, ['listens[1]']],
  [
    'a port with and without TLS',
    { ...tls, listens: [{ port: 81 }, { address: '[::]', port: 81, ssl: true }] },
    ['listens[1].ssl'],
  ],
  ['TLS without a certificate', { listens: [{ port: 443, ssl: true }] }, ['ssl_certificate_id']],
  ['HTTP/2 without TLS', { http2_enabled: true, listens: [{ port: 81 }] }, ['http2_enabled']],
  ['a certificate for other names', { ...tls, server_name: 'other.test' }, ['ssl_certificate_id']],
];
for (const [name, body, fields] of sockets) {
  test(`refuses ${name} among its sockets`, () => {
    given(created, certificate)
      .when(create(body))
      .thenRefused('VALIDATION_ERROR', ...fields);
  });
}

test('a name is taken on every port of a host, and on any address', () => {
  const other = hostFact(5, { server_name: 'api.example.com', ...(tls as object) }, certificate);
  for (const [body, refused] of [
    [{ listen_port: 8080 }, true],
    [{ listen_port: 81, listens: [{ address: '[::]', port: 8080 }] }, true],
    [{ listen_port: 81, listens: [{ port: 82 }] }, false],
  ] as const) {
    const when = given(created, certificate, other).when(create(body));
    if (refused) {
      const { details } = when.thenRefused('CONFLICT', 'server_name');
      assert.match(details[0]?.message ?? '', 'api.example.com on port 8080 is taken');
    } else {
      assert.is(when.facts().length, 1);
    }
  }
});

test('TLS and plain HTTP exclude each other on every port, and the socket is named', () => {
  const other = hostFact(5, tls as object, certificate);
  given(created, certificate, other)
    .when(create({ listen_port: 8443 }))
    .thenRefused('CONFLICT', 'listen_port');
  given(created, certificate, other)
    .when(create({ listens: [{ port: 81 }, { address: '[::]', port: 8443 }] }))
    .thenRefused('CONFLICT', 'listens[1]');
  const plain = hostFact(5, { listens: [{ port: 8443 }] });
  given(created, certificate, plain).when(create(tls)).thenRefused('CONFLICT', 'listens[1]');
  const moved = { type: 'update-virtual-host', id: id(5), body: { listens: null }, at: AT } as const;
  const [freed] = given(created, certificate, plain).when(moved).facts();
  assert.is(
    given(created, certificate, plain, freed as never)
      .when(create(tls))
      .facts().length,
    1,
  );
});

test('null takes a field away, so that it has its default again', () => {
  const before = hostFact(
    1,
    {
      ...(tls as object),
      server_name: 'api.example.com',
      listen_port: 9443,
      ssl_enabled: true,
      http2_enabled: true,
      http3_enabled: true,
      custom_directives: [{ directive: 'client_max_body_size', args: ['8m'] }],
      locations: [{ path: '/', upstream_id: id(2) }],
      target_agents: prod as never,
    },
    upstream,
    certificate,
  );
  const update = (body: object): WorkspaceCommand =>
    ({ type: 'update-virtual-host', id: id(1), body, at: AT }) as WorkspaceCommand;
  const after = (body: object) => {
    const [fact] = given(created, upstream, certificate, before).when(update(body)).facts();
    return fact?.type === 'virtual_host.updated' ? fact.data.virtual_host : undefined;
  };
  assert.is(after({ listen_port: null })?.listen_port, 443);
  assert.is(after({ listen_port: null, ssl_enabled: null })?.listen_port, 80);
  const bare = {
    listen_port: 80,
    ssl_enabled: false,
    listens: [],
    ssl_certificate_id: null,
    http2_enabled: false,
    http3_enabled: false,
    locations: [],
    custom_directives: [],
    target_agents: { type: 'all' },
  };
  const nothing = Object.fromEntries(Object.keys(bare).map((field) => [field, null]));
  assert.equal(after(nothing), { ...hostOf(before), ...bare });
});

test.run();
