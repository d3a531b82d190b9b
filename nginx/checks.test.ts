// SPDX-License-Identifier: Apache-2.0
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  checkCustomDirective,
  checkCustomDirectives,
  checkHeader,
  checkHost,
  checkRewrite,
  checkUpstream,
} from './index.js';
import { directive, header, host, location, server, upstream } from './specs.harness.js';

const BAD = 'INVALID_FORMAT';
const value = (text: string) => checkHeader({ name: 'X-A', value: text, applies_to: 'response' });

test('a decoded variable is refused with what to use instead', () => {
  assert.match(value('$uri')?.message ?? '', 'use $request_uri');
  const redirect = checkCustomDirective('server', 'return', ['302', 'https://e.com$uri']);
  assert.match(redirect?.message ?? '', 'use $request_uri');
});

test('custom directives keep to the allow-list, its contexts and ranges', () => {
  const rows: readonly (readonly [context: 'server' | 'location', line: string, code: string | undefined])[] =
    [
      ['server', 'client_max_body_size 10m', undefined],
      ['location', 'proxy_read_timeout 90s', undefined],
      ['location', 'proxy_buffering off', undefined],
      ['server', 'return 301 https://$host$request_uri', undefined],
      ['location', 'return 204', undefined],
      ['location', 'try_files $uri $uri/ =404', undefined],
      ['location', 'allow 10.0.0.0/8', undefined],
      ['location', 'deny all', undefined],
      ['location', 'expires 30d', undefined],
      ['location', 'gzip_types text/css application/json', undefined],
      ['server', 'large_client_header_buffers 4 16k', undefined],
      ['location', 'large_client_header_buffers 4 16k', 'DIRECTIVE_NOT_ALLOWED'],
      ['server', 'try_files $uri =404', 'DIRECTIVE_NOT_ALLOWED'],
      ['location', 'proxy_pass http://x', 'DIRECTIVE_NOT_ALLOWED'],
      ['location', 'proxy_buffering maybe', BAD],
      ['location', 'proxy_buffering', BAD],
      ['location', 'proxy_buffering on on', BAD],
      ['location', 'proxy_buffers 100000 1m', 'OUT_OF_RANGE'],
      ['location', 'proxy_read_timeout 0', 'OUT_OF_RANGE'],
      ['location', 'proxy_read_timeout 1y', BAD],
      ['location', 'gzip_comp_level 10', 'OUT_OF_RANGE'],
      ['location', 'client_max_body_size -1', BAD],
      ['location', 'allow 10.0.0.1/8', BAD],
      ['location', 'allow 10.0.0.0/33', BAD],
      ['location', 'allow unix:', BAD],
      ['location', 'try_files =404 $uri', BAD],
      ['location', 'try_files ../../etc/passwd =404', BAD],
      ['location', 'return 302 //evil.com', BAD],
      ['location', 'return 302 javascript:alert(1)', BAD],
      ['location', 'return 302 https://$http_host/', BAD],
      ['location', 'gzip_types text/html', BAD],
      ['location', 'gzip_types text/css text/css', BAD],
      ['location', 'proxy_next_upstream error error', BAD],
      ['location', 'add_header X-A $uri', 'VARIABLE_NOT_ALLOWED'],
      ['location', 'add_header X{ a', BAD],
      ['location', 'add_header X-A a sometimes', BAD],
    ];
  for (const [context, line, code] of rows) {
    const [first = '', ...args] = line.split(' ');
    assert.is(checkCustomDirective(context, first, args)?.code, code, line);
  }
});

test('redirects of hosts whose variable the client cannot choose freely are allowed', () => {
  assert.is(checkCustomDirective('server', 'return', ['301', '$scheme://$host$request_uri']), undefined);
});

test('a directive that nginx takes once may stand once', () => {
  const found = checkCustomDirectives('location', [
    directive('gzip', 'on'),
    directive('allow', '10.0.0.1'),
    directive('allow', '10.0.0.2'),
    directive('gzip', 'off'),
  ]);
  assert.equal(
    found.map(({ index, problem }) => [index, problem.code]),
    [[3, 'DUPLICATE_DIRECTIVE']],
  );
});

test('rewrite rules', () => {
  const rows: readonly (readonly [
    pattern: string,
    replacement: string,
    flag: string,
    verdict: string | undefined,
  ])[] = [
    ['^/api/(.*)$', '/v2/$1', 'last', undefined],
    ['^/old$', 'https://example.com/new', 'permanent', undefined],
    ['^/(.*)$', 'https://$host/$1', 'redirect', undefined],
    ['^/api/(.*)$', '/v2/$2', 'last', 'replacement VARIABLE_NOT_ALLOWED'],
    ['^/api$', '/v2/$1', 'last', 'replacement VARIABLE_NOT_ALLOWED'],
    ['^/(.*)$', '$1', 'redirect', 'replacement INVALID_FORMAT'],
    ['^/(.*)$', '//$1', 'redirect', 'replacement INVALID_FORMAT'],
    ['^/(.*)$', 'https://$1', 'redirect', 'replacement INVALID_FORMAT'],
    ['^/(.*)$', 'https://$http_host/', 'redirect', 'replacement INVALID_FORMAT'],
    ['^/(.*)$', 'https://a$arg_b/', 'redirect', 'replacement INVALID_FORMAT'],
    ['^/old$', 'https://example.com/new', 'last', 'replacement INVALID_FORMAT'],
    ['^/x$', '/x" break; alias /etc/; #', 'last', undefined],
    ['^/x$', '/x\nreturn 200', 'last', 'replacement INVALID_FORMAT'],
    ['^/x$', '/$uri', 'last', 'replacement VARIABLE_NOT_ALLOWED'],
    ['^(a+)+$', '/x', 'last', 'pattern UNSAFE_REGEX'],
    ['^(', '/x', 'last', 'pattern INVALID_FORMAT'],
    ['', '/x', 'last', 'pattern INVALID_FORMAT'],
  ];
  for (const [pattern, replacement, flag, verdict] of rows) {
    const problem = checkRewrite({ pattern, replacement, flag: flag as 'last' });
    assert.is(problem && `${problem.field} ${problem.code}`, verdict, `${pattern} → ${replacement}`);
  }
});

test('a whole host is checked with the field of each problem', () => {
  const details = checkHost(
    host(1, {
      server_name: 'a.test a.test',
      http3_enabled: true,
      locations: [
        location('/a', { proxy_pass: 'http://169.254.169.254/', root: 'web' }),
        location('/a', { index: 'index.html', custom_directives: [directive('try_files', '$uri', '=404')] }),
        location('/b', {
          custom_headers: [header('X-A', '$uri')],
          rewrite_rules: [{ pattern: '(a*)*', replacement: '/', flag: 'last' }],
          custom_directives: [directive('include', '/etc/shadow'), directive('proxy_buffer_size', '64k')],
        }),
      ],
      target_agents: { type: 'selector', label_selector: 'x' },
    }),
  );
  assert.equal(
    details.map(({ field, code }) => `${field} ${code}`),
    [
      'server_name DUPLICATE',
      'http3_enabled CONFLICTING_FIELDS',
      'locations[1].path DUPLICATE',
      'locations[0].root CONFLICTING_FIELDS',
      'locations[0].proxy_pass FORBIDDEN_ADDRESS',
      'locations[1].index CONFLICTING_FIELDS',
      'locations[1].custom_directives CONFLICTING_FIELDS',
      'locations[2].custom_headers[0].value VARIABLE_NOT_ALLOWED',
      'locations[2].rewrite_rules[0].pattern UNSAFE_REGEX',
      'locations[2].custom_directives[0] DIRECTIVE_NOT_ALLOWED',
      'locations[2].custom_directives OUT_OF_RANGE',
      'target_agents.label_selector INVALID_FORMAT',
    ],
  );
  assert.equal(checkHost(host(1, { locations: [location('/', { root: 'web' })] })), []);
});

test('a whole upstream is checked as nginx would refuse it', () => {
  const fields = (spec: Parameters<typeof checkUpstream>[0]) => checkUpstream(spec).map(({ field }) => field);
  const backup = server('127.0.0.1:2', { backup: true });
  assert.equal(fields(upstream(1)), []);
  assert.equal(fields(upstream(1, { servers: [] })), ['servers']);
  assert.equal(fields(upstream(1, { servers: [backup] })), ['servers']);
  assert.equal(fields(upstream(1, { algorithm: 'ip_hash', servers: [server('127.0.0.1:1'), backup] })), [
    'servers[1].backup',
  ]);
  assert.equal(fields(upstream(1, { servers: [server('nowhere')] })), ['servers[0].address']);
});

test.run();
