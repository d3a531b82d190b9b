// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { frameRuleOf } from './frame-grammar.js';
import { GRAMMAR, ruleOf } from './grammar.js';
import { RenderRefused } from './index.js';
import { parseConfig } from './parse.js';
import { renderTree } from './renderer.js';
import { type Arg, type Directive, int, text, word } from './tree.js';
import { hiddenText, parts, plainText, SEED } from './values.harness.js';
import { splitText, VARIABLES } from './variables.js';

const addHeader = (value: Arg): Directive => ({
  name: 'add_header',
  args: [{ kind: 'header-name', name: 'X-A' }, value],
});
const rewrite = (source: string): Directive => ({
  name: 'rewrite',
  args: [{ kind: 'regex', source }, text('/'), word('last')],
});
const inLocation = (tree: readonly Directive[]): string => renderTree(tree, { context: 'location' });

const property = <T>(
  name: string,
  arbitrary: fc.Arbitrary<T>,
  numRuns: number,
  holds: (value: T) => void,
): void => test(name, () => fc.assert(fc.property(arbitrary, holds), { seed: SEED, numRuns }));

/** 2,000 runs of 25 values each. */
property(
  '50,000 texts with variables come back as they went in',
  fc.array(parts, { minLength: 25, maxLength: 25 }),
  2000,
  (values) => {
    const read = parseConfig(inLocation(values.map((value) => addHeader({ kind: 'text', parts: value }))));
    assert.is(read.length, values.length);
    for (const [index, { name, args, block }] of read.entries()) {
      assert.is(name, 'add_header');
      assert.is(args.length, 2);
      assert.is(block, undefined);
      assert.equal(splitText(args[1] ?? '', VARIABLES.header), values[index]);
    }
  },
);

property(
  '50,000 expressions come back as they went in',
  fc.array(plainText, { minLength: 25, maxLength: 25 }),
  2000,
  (values) => {
    const sources = values.map((value, index) => (index % 2 === 0 ? `${value}$` : value));
    const read = parseConfig(inLocation(sources.map(rewrite)));
    assert.equal(
      read.map(({ args }) => args),
      sources.map((source) => [source, '/', 'last']),
    );
  },
);

property('what hides in a text is refused, whatever stands around it', hiddenText, 5000, (value) => {
  assert.throws(
    () => inLocation([addHeader(text(value))]),
    (error: unknown) => error instanceof RenderRefused,
  );
  assert.throws(
    () => inLocation([rewrite(value)]),
    (error: unknown) => error instanceof RenderRefused,
  );
});

test('a literal $ is refused where nginx interpolates', () => {
  assert.throws(() => inLocation([addHeader(text('costs 5$'))]), /literal \$/);
});

test('a token longer than nginx reads is refused, with its escapes counted', () => {
  inLocation([addHeader(text('"'.repeat(2000)))]);
  assert.throws(() => inLocation([addHeader(text('"'.repeat(2001)))]), /4000 bytes/);
  assert.throws(() => inLocation([addHeader(text('é'.repeat(2001)))]), /4000 bytes/);
});

test('a refused value is named with its resource and field', () => {
  const origin = { kind: 'virtual_host', id: '1', name: 'Shop' } as const;
  const tree: Directive[] = [
    {
      name: 'server',
      args: [],
      origin,
      field: 'server_name',
      block: [
        {
          name: 'location',
          args: [{ kind: 'url-path', path: '/ {' }],
          field: 'locations[0].path',
          block: [],
        },
      ],
    },
  ];
  try {
    renderTree(tree, { context: 'http' });
    assert.unreachable();
  } catch (error) {
    assert.instance(error, RenderRefused);
    assert.equal(error instanceof RenderRefused && error.provenance, {
      ...origin,
      field: 'locations[0].path',
    });
  }
});

test('every other kind of argument refuses what would end it', () => {
  const evil = 'x; } include /etc/shadow; {';
  const args: readonly Arg[] = [
    { kind: 'word', word: evil },
    { kind: 'name', name: evil },
    { kind: 'variable', name: evil },
    { kind: 'condition', variable: evil, source: 'x' },
    { kind: 'address', host: evil, port: 80 },
    { kind: 'network', network: evil },
    { kind: 'server-name', name: evil },
    { kind: 'proxy', scheme: 'http', upstream: evil, path: '' },
    { kind: 'proxy', scheme: 'http', upstream: 'nx_1', path: '/$uri' },
    { kind: 'url-path', path: '/$uri' },
    { kind: 'header-name', name: evil },
    { kind: 'file-name', name: '../x' },
    { kind: 'media-type', type: evil },
    { kind: 'text', parts: [{ variable: evil }] },
    { kind: 'bundle-path', prefix: '', path: '../x.pem' },
    { kind: 'bundle-path', prefix: '', path: '/etc/x.pem' },
    { kind: 'bundle-path', prefix: '', path: 'engine:x' },
    { kind: 'bundle-path', prefix: '/a/../b', path: 'x.pem' },
    { kind: 'web-root', path: 'relative' },
    { kind: 'web-root', path: '/srv/$host' },
    { kind: 'local-path', path: '/srv/*.conf' },
    { kind: 'local-path', path: '/srv/\n' },
    { kind: 'unix-socket', path: `/${'a'.repeat(107)}` },
    { kind: 'param', name: evil, quantity: { value: 1, unit: '' } },
    { kind: 'shared', name: evil, quantity: { value: 1, unit: 'm' } },
  ];
  for (const arg of args) {
    assert.throws(
      () => renderTree([{ name: 'listen', args: [arg] }], { context: 'server' }),
      (error: unknown) => error instanceof RenderRefused,
      JSON.stringify(arg),
    );
  }
  for (const value of [-1, 1.5, Number.NaN, 2 ** 60]) {
    assert.throws(() => renderTree([{ name: 'listen', args: [int(value)] }], { context: 'server' }));
  }
});

test('a directive that is unknown or in the wrong place is a fault of ours, loudly', () => {
  const one = (name: string, context: 'http' | 'server' = 'server', ...args: readonly Arg[]): string =>
    renderTree([{ name, args }], { context });
  assert.throws(() => one('include'), /not in the allow-list/);
  assert.throws(() => one('__proto__'), /not in the allow-list/);
  assert.throws(() => one('proxy_pass'), /may not stand in server/);
  assert.throws(() => one('listen'), /with 0 arguments/);
  const many = Array.from({ length: 40 }, () => word('on'));
  assert.throws(() => renderTree([{ name: 'gzip', args: many }], { context: 'http' }), /with 40 arguments/);
  assert.throws(() => one('upstream', 'http', word('x')), /block of upstream/);
});

test('the allow-list never names what loads code, opens paths or changes the process', () => {
  const never =
    /^(?:load_module|ssl_engine|include|env|user|pid|daemon|master_process|worker_.*|lock_file|working_directory|debug_.*|access_log|error_log|.*_temp_path|.*_cache_path|.*_store.*|dav_.*|perl.*|js_.*|.*lua.*|(?:fastcgi|uwsgi|scgi|memcached|grpc)_.*|ssi.*|xslt_.*|auth_basic_user_file|ssl_password_file|ssl_trusted_certificate|ssl_client_certificate|proxy_ssl_certificate.*|proxy_ssl_trusted.*|resolver|set_real_ip_from|stub_status|mirror.*|proxy_bind|alias|set|proxy_set_body|auth_request.*|log_format)$/;
  const names = Object.keys(GRAMMAR);
  assert.ok(names.length > 80);
  assert.equal(
    names.filter((name) => never.test(name)),
    [],
  );
  const byPeople = names.filter((name) => ruleOf(name)?.user !== undefined);
  const ours = [
    'proxy_pass',
    'root',
    'listen',
    'server_name',
    'ssl_certificate',
    'ssl_certificate_key',
    'rewrite',
    'if',
  ];
  assert.equal(
    byPeople.filter((name) => ours.includes(name)),
    [],
  );
  assert.is(ruleOf('constructor'), undefined);
  assert.is(frameRuleOf('constructor'), undefined);
});

test('configuration text is made in the renderer alone', () => {
  const root = join(import.meta.dirname, '..', '..');
  const sources = ['nginx', 'agent'].flatMap((room) =>
    readdirSync(join(root, room), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts') && !/\.(?:test|harness)\.ts$/.test(name))
      .map((name) => join(room, name)),
  );
  assert.ok(sources.length > 25);
  /** Strings whose own text, without what is put in, ends a directive, or opens or closes a block. */
  const CONFIG = /;\s*(?:$|\n|\})|(?:^|\s)[{}]|\{\s*(?:$|\n)/;
  const suspicious = sources.flatMap((file) => {
    const source = readFileSync(join(root, file), 'utf8').replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
    return [...source.matchAll(/`(?:[^`\\]|\\.)*`|'(?:[^'\\\n]|\\.)*'/g)]
      .map(([literal]) => literal.slice(1, -1).replace(/\$\{(?:[^{}]|\{[^{}]*\})*\}/g, ''))
      .filter((literal) => literal.length > 1 && CONFIG.test(literal))
      .map((literal) => `${file}: ${literal}`);
  });
  assert.equal(
    suspicious.filter((one) => !one.startsWith('nginx/renderer.ts: ')),
    [],
  );
  assert.ok(suspicious.length > 0);
});

test.run();
