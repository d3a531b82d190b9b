// SPDX-License-Identifier: Apache-2.0
/** What the allow-list lets people write, the real nginx takes, at both ends of every range and without a warning. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { checkBuffers } from './buffers.js';
import { type ArgType, GRAMMAR, ruleOf } from './grammar.js';
import { checkCustomDirective, compile, type DirectiveSpec, type HostSpec, render } from './index.js';
import { folder, freePort, installed, testConfig, writeBundle } from './nginx.harness.js';
import { agent, directive, host, location, resources } from './specs.harness.js';

/** Values of a type: the ends of a range, every word. */
function samples(type: ArgType): readonly string[] {
  switch (type.type) {
    case 'words':
      return type.words;
    case 'int':
      return [String(type.min), String(type.max)];
    case 'size':
      return [String(type.min), `${Math.floor(type.max / 1024)}k`];
    case 'time':
      return [`${type.min}ms`, `${type.max}ms`, `${Math.max(1, Math.floor(type.max / 1000))}`];
    case 'seconds':
      return [`${type.min / 1000}s`, `${type.max / 1000}`];
    case 'text':
      return ['a', 'x "y" $host;', ''];
    case 'target':
      return ['/a?$args', 'https://$host$request_uri'];
    case 'file-test':
      return ['$uri', '/index.html'];
    case 'path':
      return ['/a'];
    case 'header-name':
      return ['X-A'];
    case 'media-type':
      return ['text/css'];
    case 'network':
      return ['all', '10.0.0.1', '10.0.0.0/8', '::1', '2001:db8::/32'];
    case 'ciphers':
      return ['HIGH:!aNULL'];
    case 'own':
      return [];
    default:
      return type satisfies never;
  }
}

/** Each argument through its samples, the others at their first. */
function examples(name: string): readonly DirectiveSpec[] {
  const types = ruleOf(name)?.args ?? [];
  const first = types.map((type) => samples(type)[0] ?? '');
  return types.flatMap((type, index) =>
    samples(type).map((value) => directive(name, ...first.map((one, at) => (at === index ? value : one)))),
  );
}

test('every directive that people may write, in every place', async () => {
  const port = await freePort();
  const hosts: HostSpec[] = [];
  const add = (more: Partial<HostSpec>): void => {
    hosts.push(host(hosts.length, { listen_port: port, ...more }));
  };
  for (const name of Object.keys(GRAMMAR)) {
    for (const one of examples(name)) {
      const fine = checkBuffers([one]) === undefined;
      if (fine && checkCustomDirective('server', one.directive, one.args) === undefined) {
        add({ custom_directives: [one] });
      }
      if (fine && checkCustomDirective('location', one.directive, one.args) === undefined) {
        const root = name === 'try_files' ? 'site' : null;
        add({ locations: [location('/x', { root, custom_directives: [one] })] });
      }
    }
  }
  assert.ok(hosts.length > 250, `only ${hosts.length} examples`);
  const at = folder();
  try {
    const capabilities = { ...installed, webRoots: { site: at.path } };
    const tested = testConfig(
      at,
      writeBundle(at, render(compile(resources({ hosts }), agent), capabilities)),
    );
    assert.ok(tested.ok, tested.output);
  } finally {
    at.remove();
  }
});

test('buffer sizes are judged as nginx judges them', async () => {
  const port = await freePort();
  const sets: readonly (readonly DirectiveSpec[])[] = [
    [directive('proxy_buffer_size', '8k')],
    [directive('proxy_buffer_size', '16k')],
    [directive('proxy_buffer_size', '64k')],
    [directive('proxy_buffers', '2', '4k')],
    [directive('proxy_buffers', '3', '4k')],
    [directive('proxy_buffers', '4', '64k'), directive('proxy_buffer_size', '64k')],
    [directive('proxy_busy_buffers_size', '4k')],
    [directive('proxy_busy_buffers_size', '2k')],
    [directive('proxy_busy_buffers_size', '28k')],
    [directive('proxy_busy_buffers_size', '29k')],
    [directive('proxy_max_temp_file_size', '0')],
    [directive('proxy_max_temp_file_size', '1k')],
    [directive('proxy_max_temp_file_size', '1m')],
  ];
  const at = folder();
  try {
    for (const set of sets) {
      const hosts = [host(1, { listen_port: port, locations: [location('/', { custom_directives: set })] })];
      const tested = testConfig(at, writeBundle(at, render(compile(resources({ hosts }), agent), installed)));
      assert.is(checkBuffers(set) === undefined, tested.ok, `${JSON.stringify(set)} ${tested.output}`);
    }
  } finally {
    at.remove();
  }
});

test.run();
