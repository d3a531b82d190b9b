// SPDX-License-Identifier: Apache-2.0
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { spec } from '../given.harness.js';
import { type WorkspaceCommand, workspace } from '../workspace/index.js';
import {
  AT,
  agentFact,
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

test('keeps every field of a location and completes the rest', () => {
  const location = {
    path: '/api/v1',
    upstream_id: id(2),
    custom_headers: [{ name: 'X-Forwarded-Proto', value: '$scheme' }],
    rewrite_rules: [{ pattern: '^/api/v1/old$', replacement: '/api/v1/new' }],
  };
  const [fact] = given(created, upstream)
    .when(create({ locations: [location], target_agents: prod }))
    .facts();
  const host = fact?.type === 'virtual_host.created' ? fact.data.virtual_host : undefined;
  assert.equal(host?.listen_port, 80);
  assert.equal(host?.target_agents, prod);
  assert.equal(host?.locations, [
    {
      path: '/api/v1',
      proxy_pass: null,
      upstream_id: id(2),
      root: null,
      index: null,
      custom_headers: [{ name: 'X-Forwarded-Proto', value: '$scheme', always: false, applies_to: 'request' }],
      rewrite_rules: [{ pattern: '^/api/v1/old$', replacement: '/api/v1/new', flag: 'last' }],
      custom_directives: [],
    },
  ]);
});

test('names are given as one string or as a list, and stand in one form', () => {
  for (const server_name of ['Example.com  www.example.com', ['example.com', 'WWW.example.com']]) {
    const [fact] = given(created).when(create({ server_name })).facts();
    assert.is(
      fact?.type === 'virtual_host.created' && fact.data.virtual_host.server_name,
      'example.com www.example.com',
    );
  }
});

const at = (location: object) => ({ locations: [{ path: '/', upstream_id: id(2), ...location }] });
const refusals: [string, object, string[]][] = [
  ['no name', { server_name: '  ' }, ['server_name']],
  ['a name with a brace', { server_name: 'a.com{' }, ['server_name']],
  ['a name twice', { server_name: 'a.com a.com' }, ['server_name']],
  ['an unknown upstream', { locations: [{ path: '/', upstream_id: id(77) }] }, ['locations[0].upstream_id']],
  ['an unknown certificate', { ssl_enabled: true, ssl_certificate_id: id(78) }, ['ssl_certificate_id']],
  ['TLS without a certificate', { ssl_enabled: true }, ['ssl_certificate_id']],
  ['HTTP/2 without TLS', { http2_enabled: true }, ['http2_enabled']],
  ['two actions', at({ proxy_pass: 'http://10.0.0.1:80/' }), ['locations[0].upstream_id']],
  ['no action', { locations: [{ path: '/' }] }, ['locations[0]']],
  ['one path twice', { locations: [at({}).locations[0], at({}).locations[0]] }, ['locations[1].path']],
  [
    'a header to an upstream where files are served',
    {
      locations: [
        { path: '/', root: 'docs', custom_headers: [{ name: 'X-A', value: 'b', applies_to: 'request' }] },
      ],
    },
    ['locations[0].custom_headers[0].applies_to'],
  ],
  ['index without root', at({ index: 'index.html' }), ['locations[0].index']],
  [
    'a header that splits answers',
    at({ custom_headers: [{ name: 'X-A', value: '$uri' }] }),
    ['locations[0].custom_headers[0].value'],
  ],
  [
    'a directive outside the list',
    at({ custom_directives: [{ directive: 'load_module', args: ['/x.so'] }] }),
    ['locations[0].custom_directives[0]'],
  ],
  [
    'a nested quantifier',
    at({ rewrite_rules: [{ pattern: '^(a+)+$', replacement: '/b' }] }),
    ['locations[0].rewrite_rules[0].pattern'],
  ],
  [
    'an unknown agent',
    { target_agents: { type: 'list', agent_ids: [id(79)] } },
    ['target_agents.agent_ids[0]'],
  ],
  [
    'a proxied metadata address',
    { locations: [{ path: '/', proxy_pass: 'http://169.254.169.254/' }] },
    ['locations[0].proxy_pass'],
  ],
];
for (const [name, body, fields] of refusals) {
  test(`refuses ${name}`, () => {
    given(created, upstream)
      .when(create(body))
      .thenRefused('VALIDATION_ERROR', ...fields);
  });
}

const targets: [string, object, object, boolean][] = [
  ['all and all', { type: 'all' }, { type: 'all' }, true],
  ['all and a selector', { type: 'all' }, prod, true],
  ['selectors that contradict', prod, { type: 'selector', label_selector: 'env=staging' }, false],
  [
    'selectors that contradict in one of two labels',
    { type: 'selector', label_selector: 'env=production,region=eu' },
    { type: 'selector', label_selector: 'env=staging,region=eu' },
    false,
  ],
  ['selectors of different labels', prod, { type: 'selector', label_selector: 'region=eu' }, true],
  ['lists apart', { type: 'list', agent_ids: [id(10)] }, { type: 'list', agent_ids: [id(11)] }, false],
  [
    'lists that share an agent',
    { type: 'list', agent_ids: [id(10)] },
    { type: 'list', agent_ids: [id(10), id(11)] },
    true,
  ],
  ['a list and a selector of its agent', { type: 'list', agent_ids: [id(10)] }, prod, true],
  ['a list and a selector of others', { type: 'list', agent_ids: [id(11)] }, prod, false],
];
for (const [name, mine, theirs, clash] of targets) {
  test(`the same name on the same port for ${name} is ${clash ? 'refused' : 'allowed'}`, () => {
    const agents = [agentFact(10, { env: 'production' }), agentFact(11, { env: 'staging' })];
    for (const [first, second] of [
      [theirs, mine],
      [mine, theirs],
    ]) {
      const other = hostFact(5, { server_name: 'api.example.com', target_agents: first as never }, ...agents);
      const when = given(created, upstream, ...agents, other).when(create({ target_agents: second }));
      if (clash) {
        when.thenRefused('CONFLICT', 'server_name');
      } else {
        assert.is(when.facts().length, 1);
      }
    }
  });
}

test('another port is another claim, and a deleted host claims nothing', () => {
  const other = hostFact(5, { server_name: 'api.example.com' });
  assert.is(
    given(created, other)
      .when(create({ listen_port: 8080 }))
      .facts().length,
    1,
  );
  const gone = {
    type: 'virtual_host.deleted',
    data: { virtual_host_id: id(5), name: 'Host 5', at: AT },
  } as const;
  assert.is(given(created, other, gone).when(create({})).facts().length, 1);
});

test('a change may not take the name of another host', () => {
  const other = hostFact(5, { server_name: 'api.example.com' });
  const mine = hostFact(1);
  given(created, other, mine)
    .when({ type: 'update-virtual-host', id: id(1), body: { server_name: 'api.example.com' }, at: AT })
    .thenRefused('CONFLICT', 'server_name');
});

test('labels that would bring two hosts of one name to an agent are refused', () => {
  const agents = [agentFact(10, { env: 'production' }), agentFact(11, { env: 'staging' })];
  const listed = hostFact(
    5,
    { server_name: 'a.com', target_agents: { type: 'list', agent_ids: [id(11)] } },
    ...agents,
  );
  const selected = hostFact(6, {
    server_name: 'a.com',
    target_agents: { type: 'selector', label_selector: 'env=production' },
  });
  const label = (n: number, labels: Record<string, string>): WorkspaceCommand => ({
    type: 'update-agent',
    id: id(n),
    body: { labels },
    at: AT,
  });
  given(created, ...agents, listed, selected)
    .when(label(11, { env: 'production' }))
    .thenRefused('CONFLICT', 'labels');
  const apart = given(created, ...agents, listed, selected).when(label(10, { env: 'production', rack: '1' }));
  assert.is(apart.facts().length, 1, 'the other host of the name is not for this agent');
});

test('labels that would bring plain HTTP and TLS on one port to an agent are refused', () => {
  const agents = [agentFact(10, { env: 'staging' })];
  const certificate = certificateFact(7, ['a.com']);
  const plain = hostFact(
    5,
    { listen_port: 8443, target_agents: { type: 'list', agent_ids: [id(10)] } },
    ...agents,
  );
  const tls = hostFact(
    6,
    {
      server_name: 'a.com',
      listen_port: 8443,
      ssl_enabled: true,
      ssl_certificate_id: id(7),
      target_agents: { type: 'selector', label_selector: 'env=production' },
    },
    certificate,
  );
  given(created, certificate, ...agents, plain, tls)
    .when({ type: 'update-agent', id: id(10), body: { labels: { env: 'production' } }, at: AT })
    .thenRefused('CONFLICT', 'labels');
});

test('a host has so many locations and no more', () => {
  const paths = (count: number) => ({
    locations: Array.from({ length: count }, (_, n) => ({ path: `/${n}`, proxy_pass: 'http://10.0.0.1/' })),
  });
  assert.is(
    given(created)
      .when(create(paths(256)))
      .facts().length,
    1,
  );
  given(created)
    .when(create(paths(257)))
    .thenRefused('VALIDATION_ERROR', 'locations');
});

test('a change replaces lists and keeps what was not named', () => {
  const before = hostFact(1, { locations: [{ path: '/', upstream_id: id(2) }] }, upstream);
  const [fact] = given(created, upstream, before)
    .when({ type: 'update-virtual-host', id: id(1), body: { name: 'API v2', locations: [] }, at: AT })
    .facts();
  assert.equal(fact, {
    type: 'virtual_host.updated',
    data: {
      virtual_host: { ...hostOf(before), name: 'API v2', locations: [] },
      changed: ['locations', 'name'],
    },
  });
});

test.run();
