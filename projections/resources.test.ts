// SPDX-License-Identifier: Apache-2.0
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { streams } from '../kernel/index.js';
import { type CertificateDoc, certificates } from './certificates.js';
import * as make from './facts.harness.js';
import { documentsAfter, type Given } from './given.harness.js';
import { organizations } from './organizations.js';
import { places } from './places.js';
import { upstreams } from './upstreams.js';
import { virtualHosts } from './virtual-hosts.js';
import { workspaces } from './workspaces.js';

const at = make.AT;
const changed = ['name'];

test('organizations: the newest of each, and none that is deleted', async () => {
  const acme = make.organization('acme');
  const renamed = { ...acme, name: 'Acme Corporation' };
  const gone = make.organization('gone');
  const given: Given = [
    [streams.organization(acme.id), { type: 'organization.created', data: { organization: acme } }],
    [streams.organization(gone.id), { type: 'organization.created', data: { organization: gone } }],
    [
      streams.organization(acme.id),
      { type: 'workspace_slug.reserved', data: { workspace_id: make.id('w'), slug: 's', at } },
      { type: 'organization.updated', data: { organization: renamed, changed } },
    ],
    [
      streams.organization(gone.id),
      { type: 'organization.deleted', data: { organization_id: gone.id, slug: gone.slug, at } },
    ],
  ];
  assert.equal(await documentsAfter(organizations, given), {
    [acme.id]: { ...renamed, _revision: '2', _position: '64' },
  });
});

test('workspaces: the revision is that of the workspace itself, not of its stream', async () => {
  const shop = make.workspace('w');
  const given: Given = [
    [make.WORKSPACE, { type: 'workspace.created', data: { workspace: shop } }],
    [make.WORKSPACE, { type: 'upstream.created', data: { upstream: make.upstream('api') } }],
  ];
  assert.equal(await documentsAfter(workspaces, given), {
    [shop.id]: { ...shop, _revision: '0', _position: '16' },
  });
  const deleted = { type: 'workspace.deleted', data: { workspace_id: shop.id, at } } as const;
  assert.equal(await documentsAfter(workspaces, [...given, [make.WORKSPACE, deleted]]), {});
});

test('upstreams: set whole by every event', async () => {
  const api = make.upstream('api', 3);
  const heavier = make.upstream('api', 1, 5);
  const web = make.upstream('web');
  const given: Given = [
    [
      make.WORKSPACE,
      { type: 'upstream.created', data: { upstream: api } },
      { type: 'upstream.created', data: { upstream: web } },
      { type: 'upstream.updated', data: { upstream: heavier, changed: ['servers'] } },
      { type: 'upstream.deleted', data: { upstream_id: web.id, name: web.name, at } },
    ],
  ];
  assert.equal(await documentsAfter(upstreams, given), {
    [api.id]: { ...heavier, _revision: '2', _position: '48' },
  });
});

test('virtual hosts: made again after deletion, they are new', async () => {
  const host = make.virtualHost('shop');
  const again = make.virtualHost('shop', 8080);
  const given: Given = [
    [
      make.WORKSPACE,
      { type: 'virtual_host.created', data: { virtual_host: host } },
      { type: 'virtual_host.deleted', data: { virtual_host_id: host.id, name: host.name, at } },
      { type: 'virtual_host.created', data: { virtual_host: again } },
    ],
  ];
  assert.equal(await documentsAfter(virtualHosts, given), {
    [host.id]: { ...again, _revision: '2', _position: '48' },
  });
});

test('certificates: there from the upload until they are deleted', async () => {
  const certificate = make.certificate('example.com');
  const uploaded = { type: 'certificate.uploaded', data: { certificate } } as const;
  const given: Given = [[make.WORKSPACE, uploaded]];
  assert.equal(await documentsAfter(certificates, given), {
    [certificate.id]: { ...certificate, _revision: '0', _position: '16' },
  });
  const deleted = {
    type: 'certificate.deleted',
    data: { certificate_id: certificate.id, domain: certificate.domain, at },
  } as const;
  assert.equal(await documentsAfter(certificates, [[make.WORKSPACE, uploaded, deleted]]), {});
});

test('certificates: where issuing stands goes with them, and with their place', async () => {
  const certificate = { ...make.certificate('example.com'), status: 'pending' as const };
  const asked = { type: 'certificate.requested', data: { certificate } } as const;
  const failed = {
    type: 'certificate.failed',
    data: { certificate: { ...certificate, status: 'failed' as const }, reason: 'The name does not resolve' },
  } as const;
  const of = async (...facts: Given[0] extends readonly [string, ...infer F] ? F : never) =>
    (await documentsAfter(certificates, [[make.WORKSPACE, ...facts]]))[
      certificate.id
    ] as unknown as CertificateDoc;
  assert.equal((await of(asked)).issuance, { step: 'requested', reason: null });
  const last = await of(asked, failed);
  assert.equal(
    [last.status, last.issuance],
    ['failed', { step: 'failed', reason: 'The name does not resolve' }],
  );
  const [place] = Object.values(await documentsAfter(places, [[make.WORKSPACE, asked]]));
  assert.equal([place?.['id'], place?.['kind']], [certificate.id, 'certificate']);
});

test.run();
