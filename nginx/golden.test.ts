// SPDX-License-Identifier: Apache-2.0
/**
 * Rendered bundles compared byte by byte with those that are kept in `nginx/golden`. After a wanted change:
 * `NXMESH_GOLDEN=write node dist/nginx/golden.test.js`, and read the difference.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { testCertificate } from './certificate.harness.js';
import { FINGERPRINT, FLEETS, HTTP3, VERSIONS } from './goldens.harness.js';
import { type Bundle, type BundleFile, type Capabilities, compile, type Resources, render } from './index.js';
import { folder, hasIpv6, installed, testConfig, writeBundle } from './nginx.harness.js';
import { agent } from './specs.harness.js';

const GOLDEN = join(import.meta.dirname, '..', '..', 'nginx', 'golden');
const write = process.env['NXMESH_GOLDEN'] === 'write';

const show = ({ digest, files }: Bundle): string =>
  [`digest ${digest}`, ...files.map(({ path, content }) => `==> ${path}\n${content}`)].join('\n');

const cases: readonly (readonly [string, Resources, Capabilities])[] = [
  ...Object.entries(FLEETS).flatMap(([fleet, resources]) =>
    Object.entries(VERSIONS).map(
      ([version, capabilities]) => [`${fleet}-${version}`, resources, capabilities] as const,
    ),
  ),
  ...Object.entries(VERSIONS)
    .filter(([, { modules }]) => modules.includes('http_v3'))
    .map(([version, capabilities]) => [`http3-${version}`, HTTP3, capabilities] as const),
];

for (const [name, resources, capabilities] of cases) {
  test(`golden ${name}`, () => {
    const text = show(render(compile(resources, agent), capabilities));
    const file = join(GOLDEN, `${name}.txt`);
    if (write) {
      mkdirSync(GOLDEN, { recursive: true });
      writeFileSync(file, text);
    }
    assert.fixture(text, readFileSync(file, 'utf8'));
  });
}

test('no golden is left over', () => {
  assert.equal(readdirSync(GOLDEN).sort(), cases.map(([name]) => `${name}.txt`).sort());
});

test('the real nginx takes every golden of its version, without a warning', async () => {
  const pair = await testCertificate('host-1.test');
  for (const [name, resources] of cases.filter(
    ([one]) => one.endsWith(`-${installed.nginxVersion}`) && (hasIpv6 || !one.startsWith('sockets')),
  )) {
    const at = folder();
    try {
      at.write(`certificates/${FINGERPRINT}.pem`, pair.certificate);
      at.write(`certificates/${FINGERPRINT}.key`, pair.key);
      const capabilities = VERSIONS[installed.nginxVersion] ?? installed;
      const tested = testConfig(at, writeBundle(at, render(compile(resources, agent), capabilities)));
      assert.ok(tested.ok, `${name}: ${tested.output}`);
      const attached = attachedTo(at.path, resources);
      const within = testConfig(at, attached.write(at));
      assert.ok(within.ok, `${name} attached: ${within.output}`);
    } finally {
      at.remove();
    }
  }
});

/** The same in the `http` block of a foreign nginx.conf that has its own idea of what we leave alone there. */
function attachedTo(path: string, resources: Resources) {
  const bundle = render(compile(resources, agent), {
    ...installed,
    bundlePrefix: `${path}/`,
    webRoots: { site: '/srv/site' },
  });
  return {
    write: (at: ReturnType<typeof folder>): string => {
      const includes = bundle.files.map(
        (file: BundleFile) => `include ${at.write(`attached/${file.path}`, file.content)};`,
      );
      const foreign = [
        `pid ${path}/foreign.pid; error_log ${path}/foreign.log; events {}`,
        'http { server_tokens off; sendfile on; types { text/html html; }',
        'map $http_upgrade $connection_upgrade { default upgrade; }',
        ...['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
          (one) => `${one}_temp_path ${path}/f-${one};`,
        ),
        ...includes,
        '}',
      ];
      return at.write('foreign.conf', foreign.join('\n'));
    },
  };
}

test.run();
