// SPDX-License-Identifier: Apache-2.0
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { atLeast, type Capabilities, type Feature, parseNginxVersion, supports } from './index.js';

const DEBIAN = `nginx version: nginx/1.22.1
built with OpenSSL 3.0.8 7 Feb 2023 (running with OpenSSL 3.0.11 19 Sep 2023)
TLS SNI support enabled
configure arguments: --with-cc-opt='-g -O2 -ffile-prefix-map=/build/nginx=. -Wformat' --prefix=/usr/share/nginx --with-compat --with-http_ssl_module --with-http_v2_module --with-http_stub_status_module --with-http_perl_module=dynamic --with-stream=dynamic --with-stream_ssl_module --without-http_gzip_module`;

test('nginx -V is read: version, built-in and loadable modules', () => {
  const build = parseNginxVersion(DEBIAN);
  assert.is(build?.version, '1.22.1');
  for (const name of [
    'http_ssl',
    'http_v2',
    'http_stub_status',
    'http_proxy',
    'http_upstream_zone',
    'stream_ssl',
  ]) {
    assert.ok(build?.modules.includes(name), name);
  }
  assert.not(build?.modules.includes('http_gzip'));
  assert.not(build?.modules.includes('http_perl'));
  assert.equal(build?.dynamic, ['http_perl', 'stream']);
  assert.equal(build?.modules, [...(build?.modules ?? [])].sort());
});

test('other builds and other texts', () => {
  assert.is(parseNginxVersion('nginx version: openresty/1.21.4.1\n')?.version, '1.21.4.1');
  assert.is(parseNginxVersion('nginx version: nginx/1.29.7 (Ubuntu)\r\n')?.version, '1.29.7');
  for (const text of ['', 'bash: nginx: command not found', 'nginx version: nginx/', 'x'.repeat(100_000)]) {
    assert.is(parseNginxVersion(text), undefined);
  }
});

test('versions are compared as numbers', () => {
  assert.ok(atLeast('1.22.1', '1.22.1'));
  assert.ok(atLeast('1.25.10', '1.25.9'));
  assert.ok(atLeast('2.0.0', '1.99.99'));
  assert.not(atLeast('1.9.15', '1.25.1'));
  assert.not(atLeast('nonsense', '0.0.1'));
});

test('features by version and module, from 1.18 to 1.31', () => {
  const modules = ['http_ssl', 'http_v2', 'http_v3', 'http_stub_status'];
  const at = (nginxVersion: string, feature: Feature, list = modules): boolean =>
    supports({ nginxVersion, modules: list, bundlePrefix: '', webRoots: {} } satisfies Capabilities, feature);
  const since: readonly (readonly [Feature, string, string])[] = [
    ['ssl_reject_handshake', '1.19.3', '1.19.4'],
    ['error_log_option', '1.19.4', '1.19.5'],
    ['http3', '1.24.0', '1.25.0'],
    ['http2_directive', '1.25.0', '1.25.1'],
    ['tls13_default', '1.23.3', '1.23.4'],
    ['resolve', '1.27.2', '1.27.3'],
    ['ssl_certificate_cache', '1.27.3', '1.27.4'],
    ['add_header_inherit', '1.29.2', '1.29.3'],
    ['sticky', '1.29.5', '1.29.6'],
    ['keepalive_default', '1.29.6', '1.29.7'],
    ['least_time', '1.30.0', '1.31.0'],
  ];
  for (const [feature, before, from] of since) {
    assert.not(at(before, feature), `${feature} ${before}`);
    assert.ok(at(from, feature), `${feature} ${from}`);
  }
  assert.ok(at('1.25.0', 'http2_listen'));
  assert.not(at('1.25.1', 'http2_listen'));
  assert.not(at('1.31.0', 'http3', ['http_ssl']));
  assert.not(at('1.22.1', 'stub_status', []));
});

test.run();
