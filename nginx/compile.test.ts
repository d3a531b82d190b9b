// SPDX-License-Identifier: Apache-2.0
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { shapeKey } from './compile.js';
import {
  type Capabilities,
  compile,
  explain,
  type HostSpec,
  type RefusalReason,
  RenderRefused,
  type Resources,
  render,
} from './index.js';
import { installed } from './nginx.harness.js';
import {
  agent,
  certificate,
  certificateId,
  directive,
  header,
  host,
  hostId,
  location,
  resources,
  server,
  upstream,
  upstreamId,
} from './specs.harness.js';

const FINGERPRINT = 'c3'.repeat(32);
const file = (all: Resources, path: string, capabilities = installed): string =>
  render(compile(all, agent), capabilities).files.find((one) => one.path === path)?.content ?? '';

function refusal(all: Resources, capabilities: Capabilities = installed): string {
  try {
    render(compile(all, agent), capabilities);
    return 'rendered';
  } catch (error) {
    if (error instanceof RenderRefused) {
      return `${error.reason} ${error.provenance.id} ${error.provenance.field}`;
    }
    throw error;
  }
}
const refused = (index: number, reason: RefusalReason, field: string): string =>
  `${reason} ${hostId(index)} ${field}`;

test('an agent gets the hosts whose target names it', () => {
  const hosts: readonly HostSpec[] = [
    host(1),
    host(2, { target_agents: { type: 'selector', label_selector: 'env=production' } }),
    host(3, { target_agents: { type: 'selector', label_selector: 'env=production,region=eu' } }),
    host(4, { target_agents: { type: 'list', agent_ids: [agent.id] } }),
    host(5, { target_agents: { type: 'list', agent_ids: [hostId(9)] } }),
    host(6, { target_agents: { type: 'selector', label_selector: '__proto__=x' } }),
  ];
  const got = compile(resources({ hosts }), agent).hosts.map(({ origin }) => origin.id);
  assert.equal(got, [hostId(1), hostId(2), hostId(4)]);
});

test('upstreams of the same content are one block, another content is another', () => {
  const same = { servers: [server('10.0.0.1:80', { weight: 3 })] };
  const all = resources({
    upstreams: [
      upstream(1, { ...same, algorithm: 'weighted_round_robin' }),
      upstream(2, { ...same, algorithm: 'round_robin' }),
      upstream(3, { ...same, keepalive_connections: 8 }),
      upstream(4, same),
    ],
    hosts: [1, 2, 3].map((index) =>
      host(index, { locations: [location('/', { upstream_id: upstreamId(index) })] }),
    ),
  });
  const { upstreams, hosts } = compile(all, agent);
  assert.is(upstreams.length, 2);
  assert.is(hosts[0]?.values.targets[0]?.upstream, hosts[1]?.values.targets[0]?.upstream);
  assert.is.not(hosts[0]?.values.targets[0]?.upstream, hosts[2]?.values.targets[0]?.upstream);
});

test('a literal URL shares the block of an upstream with that content', () => {
  const all = resources({
    upstreams: [upstream(1, { servers: [server('10.0.0.1:80')] })],
    hosts: [
      host(1, {
        locations: [
          location('/a', { proxy_pass: 'http://10.0.0.1/x' }),
          location('/b', { upstream_id: upstreamId(1) }),
        ],
      }),
    ],
  });
  const { upstreams } = compile(all, agent);
  assert.is(upstreams.length, 1);
  assert.is(upstreams[0]?.origin.kind, 'upstream');
});

test('hosts that differ in values only have one shape', () => {
  const one = (index: number, more: Partial<HostSpec> = {}): HostSpec =>
    host(index, {
      ssl_enabled: true,
      ssl_certificate_id: certificateId(index),
      locations: [location('/', { upstream_id: upstreamId(index) })],
      ...more,
    });
  const all = resources({
    hosts: [one(1), one(2), one(3, { http2_enabled: true })],
    upstreams: [upstream(1), upstream(2, { servers: [server('10.0.0.2:80')] }), upstream(3)],
    certificates: [certificate(1, FINGERPRINT), certificate(2, 'd4'.repeat(32)), certificate(3, FINGERPRINT)],
  });
  const [first, second, third] = compile(all, agent).hosts.map(({ shape }) => shapeKey(shape));
  assert.is(first, second);
  assert.is.not(first, third);
});

test('what this nginx cannot serve is refused, with the resource and field', () => {
  const tls = { ssl_enabled: true, ssl_certificate_id: certificateId(1) };
  const certificates = [certificate(1, FINGERPRINT)];
  const of = (more: Partial<HostSpec>, parts: object = { certificates }): Resources =>
    resources({ hosts: [host(1, more)], ...parts });
  const without = (name: string): Capabilities => ({
    ...installed,
    modules: installed.modules.filter((one) => one !== name),
  });
  assert.is(refusal(of(tls)), 'rendered');
  assert.is(refusal(of({ ssl_enabled: true })), refused(1, 'CERTIFICATE_MISSING', 'ssl_certificate_id'));
  assert.is(
    refusal(of(tls, { certificates: [certificate(1, null)] })),
    refused(1, 'CERTIFICATE_MISSING', 'ssl_certificate_id'),
  );
  assert.is(refusal(of(tls), without('http_ssl')), refused(1, 'MODULE_MISSING', 'ssl_enabled'));
  assert.is(
    refusal(of({ ...tls, http2_enabled: true }), without('http_v2')),
    refused(1, 'MODULE_MISSING', 'http2_enabled'),
  );
  assert.is(refusal(of({ ...tls, http3_enabled: true })), refused(1, 'MODULE_MISSING', 'http3_enabled'));
  const old = { ...installed, modules: [...installed.modules, 'http_v3'] };
  assert.is(
    refusal(of({ ...tls, http3_enabled: true }), old),
    refused(1, 'VERSION_TOO_OLD', 'http3_enabled'),
  );
  assert.is(refusal(of({ ...tls, http3_enabled: true }), { ...old, nginxVersion: '1.25.0' }), 'rendered');
  assert.is(refusal(of({ http3_enabled: true })), refused(1, 'TLS_REQUIRED', 'http3_enabled'));
  assert.is(
    refusal(of({ locations: [location('/', { upstream_id: upstreamId(1) })] })),
    refused(1, 'UNKNOWN_REFERENCE', 'locations[0].upstream_id'),
  );
  const root = of({ locations: [location('/', { root: 'site' })] });
  assert.is(refusal(root), refused(1, 'WEB_ROOT_UNKNOWN', 'locations[0].root'));
  assert.is(
    refusal(of({ locations: [location('/', { root: '__proto__' })] })),
    refused(1, 'WEB_ROOT_UNKNOWN', 'locations[0].root'),
  );
  for (const path of ['/', '/etc', '/etc/', '//etc', '/proc/self', '/srv/www/../../etc', '/srv/./x']) {
    assert.is(
      refusal(root, { ...installed, webRoots: { site: path } }),
      refused(1, 'WEB_ROOT_INVALID', 'locations[0].root'),
      path,
    );
  }
  for (const path of ['relative', '/srv/$host', '/srv/a\nb']) {
    assert.is(
      refusal(root, { ...installed, webRoots: { site: path } }),
      refused(1, 'VALUE_REFUSED', 'locations[0].root'),
      path,
    );
  }
  const both = resources({ hosts: [host(1), host(2, tls)], certificates });
  assert.is(refusal(both), refused(2, 'LISTEN_CONFLICT', 'ssl_enabled'));
});

test('values that no check has seen are refused all the same', () => {
  const of = (more: Partial<HostSpec>): string => refusal(resources({ hosts: [host(1, more)] }));
  assert.is(of({ server_name: 'a;b' }), refused(1, 'VALUE_REFUSED', 'server_name'));
  assert.is(
    of({ custom_directives: [directive('include', '/etc/shadow')] }),
    refused(1, 'VALUE_REFUSED', 'custom_directives[0]'),
  );
  assert.is(of({ locations: [location('/ {')] }), refused(1, 'VALUE_REFUSED', 'locations[0].path'));
  assert.is(
    of({ locations: [location('/', { proxy_pass: 'http://169.254.169.254' })] }),
    refused(1, 'VALUE_REFUSED', 'locations[0].proxy_pass'),
  );
  assert.is(
    of({ locations: [location('/', { custom_headers: [header('X-A', '$uri')] })] }),
    refused(1, 'VALUE_REFUSED', 'locations[0].custom_headers[0].value'),
  );
  assert.is(
    of({ locations: [location('/', { custom_headers: [header('X A', 'b')] })] }),
    refused(1, 'VALUE_REFUSED', 'locations[0].custom_headers[0]'),
  );
  assert.is(
    of({
      locations: [location('/', { rewrite_rules: [{ pattern: '(a+)+', replacement: '/', flag: 'last' }] })],
    }),
    refused(1, 'VALUE_REFUSED', 'locations[0].rewrite_rules[0]'),
  );
  const bad = resources({
    hosts: [host(1, { locations: [location('/', { upstream_id: upstreamId(1) })] })],
    upstreams: [upstream(1, { servers: [server('10.0.0.1:80; }')] })],
  });
  assert.is(refusal(bad), `VALUE_REFUSED ${upstreamId(1)} servers[0].address`);
});

test('names never become paths, ids must be ids', () => {
  const named = resources({ hosts: [host(1, { name: '../../etc/nginx\nload_module x;' })] });
  const { files } = render(compile(named, agent), installed);
  assert.not(files.some(({ path, content }) => `${path}${content}`.includes('load_module')));
  assert.throws(() =>
    render(compile(resources({ hosts: [{ ...host(1), id: '../../x' }] }), agent), installed),
  );
});

test('numbered captures never reach nginx', () => {
  const all = resources({
    hosts: [
      host(1, {
        locations: [
          location('/', {
            rewrite_rules: [{ pattern: '^/api/(.*)$', replacement: '/g?route=$1', flag: 'last' }],
          }),
        ],
      }),
    ],
  });
  const content = file(all, `vhosts/${hostId(1)}.conf`);
  assert.match(content, 'rewrite "^/api/(?<nx1>.*)$" "/g?route=$nx1" last;');
  assert.not.match(content, /\$[0-9{]/);
});

test('a line is explained by the resource and field that it comes from', () => {
  const all = resources({
    upstreams: [upstream(1, { name: 'api', servers: [server('10.0.0.1:80'), server('10.0.0.2:80')] })],
    hosts: [
      host(1, {
        name: 'Shop',
        locations: [
          location('/', {
            upstream_id: upstreamId(1),
            custom_headers: [header('X-A', 'b'), header('X-B', 'c')],
          }),
          location('/x', { proxy_pass: 'http://10.0.0.9' }),
        ],
      }),
    ],
  });
  const model = compile(all, agent);
  const bundle = render(model, installed);
  const where = (path: string, text: string): string => {
    const content = bundle.files.find((one) => one.path === path)?.content ?? '';
    const line = content.split('\n').findIndex((one) => one.includes(text)) + 1;
    assert.ok(line > 0, `${text} is not in ${path}`);
    const found = explain(model, installed, path, line);
    return `${found?.kind} ${found?.name} ${found?.field}`;
  };
  const vhost = `vhosts/${hostId(1)}.conf`;
  const [literal, api] = [...bundle.files]
    .filter(({ path }) => path.startsWith('upstreams/'))
    .sort((a) => (a.content.includes('10.0.0.9') ? -1 : 1));
  assert.is(where(vhost, 'server_name'), 'virtual_host Shop server_name');
  assert.is(where(vhost, 'listen'), 'virtual_host Shop listen_port');
  assert.is(where(vhost, '"X-B"'), 'virtual_host Shop locations[0].custom_headers[1]');
  assert.is(where(vhost, 'proxy_pass "http://nx_'), 'virtual_host Shop locations[0].upstream_id');
  assert.is(where(api?.path ?? '', '10.0.0.2'), 'upstream api servers[1]');
  assert.is(where(literal?.path ?? '', '10.0.0.9'), 'virtual_host Shop locations[1].proxy_pass');
  assert.is(where('http.conf', 'server_tokens'), 'nxmesh  ');
  assert.is(explain(model, installed, vhost, 10_000), undefined);
  assert.is(explain(model, installed, 'vhosts/none.conf', 1), undefined);
  for (const { path, content } of bundle.files) {
    const lines = content.split('\n').length - 1;
    assert.ok(explain(model, installed, path, lines), path);
    assert.is(explain(model, installed, path, lines + 1), undefined, path);
  }
});

test.run();
