// SPDX-License-Identifier: Apache-2.0
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { completeLocation } from '../domain/virtual-host/input.js';
import { injectionCases } from '../test/corpus/load.js';
import { FLEETS } from './goldens.harness.js';
import { checkHost, compile, render } from './index.js';
import { installed } from './nginx.harness.js';
import { type PlainDirective, parseConfig } from './parse.js';
import { agent, host, resources } from './specs.harness.js';
import { VULNERABILITIES, vulnerabilitiesOf } from './vulnerabilities.js';

/** Every block of a tree. */
const blocks = (tree: readonly PlainDirective[]): readonly (readonly PlainDirective[])[] => [
  tree,
  ...tree.flatMap(({ block }) => (block ? blocks(block) : [])),
];
const shown = (content: string): readonly string[] =>
  blocks(parseConfig(content)).flatMap((block) =>
    VULNERABILITIES.filter(({ shows }) => shows(block)).map(({ id }) => id),
  );

test('each pattern is recognised', () => {
  assert.equal(shown('rewrite "^/a/(.*)$" "/g?r=$1" last;'), ['CVE-2026-42945', 'CVE-2026-9256']);
  assert.equal(shown('rewrite "^/((a)b)$" "/$1$2";'), ['CVE-2026-9256']);
  assert.equal(shown('map $a $b { ~^x 1; }'), ['CVE-2026-42533']);
  assert.equal(shown('location / { proxy_set_body x; }'), ['CVE-2026-42926']);
  assert.equal(shown('rewrite "^/a/(?<nx1>.*)$" "/g?r=$nx1" last;'), []);
});

test('none is ever rendered', () => {
  const rules = injectionCases()
    .filter(({ case: one, expect }) => (one === 'A31' || one === 'A15') && expect === 'accepted')
    .map(({ body }, index) =>
      host(index + 1, {
        locations: (body['locations'] as Parameters<typeof completeLocation>[0][]).map(completeLocation),
      }),
    );
  assert.ok(rules.length >= 3);
  assert.equal(rules.flatMap(checkHost), []);
  for (const all of [...Object.values(FLEETS), resources({ hosts: rules })]) {
    const capabilities = { ...installed, webRoots: { site: '/srv/site' } };
    for (const { path, content } of render(compile(all, agent), capabilities).files) {
      assert.equal(shown(content), [], path);
    }
  }
});

test('versions are told what they would be exposed to', () => {
  const ids = (version: string): readonly string[] => vulnerabilitiesOf(version).map(({ id }) => id);
  assert.equal(ids('1.22.1'), ['CVE-2026-42945', 'CVE-2026-9256', 'CVE-2026-42533']);
  assert.is(ids('1.30.0').length, 4);
  assert.equal(ids('1.30.2'), ['CVE-2026-42533']);
  assert.equal(ids('1.31.0'), ['CVE-2026-9256', 'CVE-2026-42533']);
  assert.equal(ids('1.30.4'), []);
  assert.equal(ids('1.31.3'), []);
  assert.equal(ids('1.32.0'), []);
});

test.run();
