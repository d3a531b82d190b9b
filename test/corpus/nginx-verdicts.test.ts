// SPDX-License-Identifier: Apache-2.0
/** What NxMesh takes and refuses, against what the real nginx does. */
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { completeListen, completeLocation } from '../../domain/virtual-host/input.js';
import { testCertificate } from '../../nginx/certificate.harness.js';
import { checkCustomDirective, checkHost, checkUpstream } from '../../nginx/index.js';
import { type Folder, folder, hasIpv6, testConfig } from '../../nginx/nginx.harness.js';
import { host, server, upstream } from '../../nginx/specs.harness.js';
import { CreateUpstream, CreateVirtualHost, validator } from '../../schemas/index.js';
import { plainText, type VerdictCase, verdictCases } from './nginx-verdicts.js';

const validHost = validator(CreateVirtualHost);
const validUpstream = validator(CreateUpstream);
const cases = verdictCases();

function ours(one: VerdictCase): VerdictCase['verdict'] {
  const verdict = (accepted: boolean) => (accepted ? 'accepted' : 'refused');
  switch (one.resource) {
    case 'upstream': {
      const body = validUpstream({ name: 'a', ...one.body });
      const servers = body.ok ? body.value.servers.map(({ address, ...more }) => server(address, more)) : [];
      return verdict(body.ok && checkUpstream(upstream(1, { ...body.value, servers })).length === 0);
    }
    case 'virtual_host': {
      const body = validHost({ name: 'a', ...one.body });
      if (!body.ok) {
        return 'refused';
      }
      const { locations = [], listens = [], server_name, ...rest } = body.value;
      const spec = host(1, {
        ...rest,
        server_name: String(server_name),
        listens: listens.map(completeListen),
        locations: locations.map(completeLocation),
      });
      return verdict(checkHost(spec).length === 0);
    }
    case 'directive': {
      const [context = '', name = '', ...args] = one.line.split(' ');
      return verdict(checkCustomDirective(context as 'server' | 'location', name, args) === undefined);
    }
    default:
      return one satisfies never;
  }
}

/** Whether nginx takes all of these in one configuration, without a warning. */
function nginxTakes(at: Folder, some: readonly VerdictCase[]): { ok: boolean; output: string } {
  const blocks = some.map((one) => plainText(one, cases.indexOf(one), at.path)).join('\n');
  const paths = `pid ${join(at.path, 'pid')}; error_log ${join(at.path, 'error.log')};`;
  const conf = `${paths} events {} http { access_log off; server_names_hash_bucket_size 512; ${blocks} }`;
  return testConfig(at, at.write('nginx.conf', conf));
}

test('there are cases enough of both', () => {
  const count = (verdict: VerdictCase['verdict']) => cases.filter((one) => one.verdict === verdict).length;
  assert.ok(count('accepted') >= 80 && count('refused') >= 80);
  assert.is(new Set(cases.map(({ id }) => id)).size, cases.length);
});

test('NxMesh says what stands beside each case', () => {
  assert.equal(
    cases.filter((one) => ours(one) !== one.verdict).map(({ id }) => id),
    [],
  );
});

test('the real nginx says the same', async () => {
  const at = folder();
  const pair = await testCertificate('a.test');
  at.write('tls.pem', pair.certificate);
  at.write('tls.key', pair.key);
  try {
    const { ok, output } = nginxTakes(
      at,
      cases.filter(
        (one) => one.verdict === 'accepted' && (hasIpv6 || !JSON.stringify(one).includes('[::]"')),
      ),
    );
    assert.ok(ok, output);
    const taken = cases.filter((one) => one.verdict === 'refused' && nginxTakes(at, [one]).ok);
    assert.equal(
      taken.map(({ id }) => id),
      [],
    );
  } finally {
    at.remove();
  }
});

test.run();
