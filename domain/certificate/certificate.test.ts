// SPDX-License-Identifier: Apache-2.0
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Fact } from '../../schemas/index.js';
import { spec } from '../given.harness.js';
import { type WorkspaceCommand, workspace } from '../workspace/index.js';
import { AT, certificateFact, created, hostFact, id, WORKSPACE } from '../workspace/workspace.fixture.js';
import { covers } from './covers.js';

const given = spec(workspace);
const FINGERPRINT = 'ab'.repeat(32);
const upload = (n: number, fingerprint = FINGERPRINT): WorkspaceCommand => ({
  type: 'upload-certificate',
  id: id(n),
  upload: {
    domain: '*.example.com',
    names: ['*.example.com'],
    fingerprint,
    issued_at: AT,
    expires_at: '2026-04-15T10:30:00.000Z',
    auto_renew: false,
  },
  at: AT,
});
const tls = (n: number, certificate: number, body = {}): Fact<'virtual_host.created'> =>
  hostFact(
    n,
    { server_name: 'api.example.com', ssl_enabled: true, ssl_certificate_id: id(certificate), ...body },
    certificateFact(certificate, ['*.example.com']),
  );

test('an upload becomes a certificate that names what is served', () => {
  given(created)
    .when(upload(1))
    .thenFacts({
      type: 'certificate.uploaded',
      data: {
        certificate: {
          id: id(1),
          workspace_id: WORKSPACE,
          domain: '*.example.com',
          names: ['*.example.com'],
          is_wildcard: true,
          provider: 'custom',
          status: 'active',
          fingerprint: FINGERPRINT,
          issued_at: AT,
          expires_at: '2026-04-15T10:30:00.000Z',
          auto_renew: false,
          created_at: AT,
          updated_at: AT,
        },
      },
    });
});

test('the same certificate is taken once', () => {
  const first = given(created).when(upload(1)).facts();
  given(created, ...first)
    .when(upload(2))
    .thenRefused('CONFLICT', 'certificate_pem');
  assert.is(
    given(created, ...first)
      .when(upload(2, 'cd'.repeat(32)))
      .facts().length,
    1,
  );
});

test('a certificate in use is not deleted, and the refusal names its hosts', () => {
  const certificate = certificateFact(1, ['*.example.com']);
  const host = tls(3, 1, { name: 'Shop' });
  const remove: WorkspaceCommand = { type: 'delete-certificate', id: id(1), at: AT };
  const refusal = given(created, certificate, host).when(remove).thenRefused('CONFLICT', 'id');
  assert.match(refusal.details[0]?.message ?? '', 'virtual host Shop');
  const gone = {
    type: 'virtual_host.deleted',
    data: { virtual_host_id: id(3), name: 'Shop', at: AT },
  } as const;
  given(created, certificate, host, gone)
    .when(remove)
    .thenFacts({
      type: 'certificate.deleted',
      data: { certificate_id: id(1), domain: '*.example.com', at: AT },
    });
});

test('a deleted certificate is unknown, and no host gets it', () => {
  const past = [
    created,
    certificateFact(1, ['api.example.com']),
    { type: 'certificate.deleted', data: { certificate_id: id(1), domain: 'api.example.com', at: AT } },
  ] as const;
  given(...past)
    .when({ type: 'delete-certificate', id: id(1), at: AT })
    .thenRefused('NOT_FOUND');
  given(...past)
    .when({
      type: 'create-virtual-host',
      id: id(2),
      body: { name: 'A', server_name: 'api.example.com', ssl_enabled: true, ssl_certificate_id: id(1) },
      at: AT,
    })
    .thenRefused('VALIDATION_ERROR', 'ssl_certificate_id');
});

test('a workspace with a certificate is not empty', () => {
  given(created, certificateFact(1, ['a.com']))
    .when({ type: 'delete-workspace', at: AT })
    .thenRefused('CONFLICT', 'id');
});

test('a host gets a certificate for all of its names only', () => {
  const certificate = certificateFact(1, ['example.com', '*.example.com']);
  const create = (server_name: string, ssl_enabled = true): WorkspaceCommand => ({
    type: 'create-virtual-host',
    id: id(2),
    body: { name: 'A', server_name, ssl_enabled, ssl_certificate_id: id(1) },
    at: AT,
  });
  const refusal = given(created, certificate)
    .when(create('example.com www.example.com shop.test'))
    .thenRefused('VALIDATION_ERROR', 'ssl_certificate_id');
  assert.equal(refusal.details[0]?.message, 'The certificate is not for shop.test');
  for (const command of [create('example.com www.example.com'), create('shop.test', false)]) {
    assert.is(given(created, certificate).when(command).facts().length, 1);
  }
});

test('an id is given once, whatever is uploaded under it', () => {
  given(created, certificateFact(1, ['*.example.com']))
    .when(upload(1))
    .thenRefused('CONFLICT');
});

test('a change of names is held against the certificate too', () => {
  given(created, certificateFact(1, ['*.example.com']), tls(3, 1))
    .when({ type: 'update-virtual-host', id: id(3), body: { server_name: 'other.test' }, at: AT })
    .thenRefused('VALIDATION_ERROR', 'ssl_certificate_id');
});

const coverage: [string[], string, boolean][] = [
  [['example.com'], 'example.com', true],
  [['example.com'], 'www.example.com', false],
  [['*.example.com'], 'www.example.com', true],
  [['*.example.com'], 'example.com', false],
  [['*.example.com'], 'a.b.example.com', false],
  [['*.example.com'], '*.example.com', true],
  [['*.com'], '*.example.com', false],
  [['www.example.com'], 'www.example.*', false],
  [['10.0.0.1'], '10.0.0.1', true],
  [['*.0.0.1'], '10.0.0.1', false],
  [['2001:db8::1'], '[2001:db8::1]', true],
  [['*'], 'localhost', false],
  [['*t'], 'localhost', false],
  [['*.example.com'], '.example.com', false],
  [['localhost'], 'localhost', true],
];
for (const [names, name, expected] of coverage) {
  test(`${names.join()} ${expected ? 'covers' : 'does not cover'} ${name}`, () => {
    assert.is(covers(names, name), expected);
  });
}

test.run();
