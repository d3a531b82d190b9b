// SPDX-License-Identifier: Apache-2.0
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import * as S from './index.js';

const fieldsOf = (schema: S.TSchema, body: unknown): string[] => {
  const result = S.validator(schema)(body);
  return result.ok ? [] : result.details.map(({ field, code }) => `${field} ${code}`);
};

const BLANK = [' ', '   ', '\u00a0', '\u3000 ', '\u200b', '\u2060\ufeff', '\u2009\u00ad', '\u200e'];

test('a name of which nothing is to be seen is refused by its field, wherever one is given', () => {
  for (const name of BLANK) {
    for (const [schema, body] of [
      [S.CreateOrganization, { name, slug: 'a' }],
      [S.UpdateOrganization, { name }],
      [S.CreateWorkspace, { name, slug: 'a' }],
      [S.UpdateWorkspace, { name }],
      [S.CreateAgentToken, { name }],
      [S.UpdateAgent, { name }],
      [S.UpdateVirtualHost, { name }],
      [S.CreateApiKey, { name, scopes: ['read:agents'] }],
    ] as const) {
      assert.equal(fieldsOf(schema, body), ['name INVALID_FORMAT'], JSON.stringify(body));
    }
    assert.ok(fieldsOf(S.UpdateMe, { full_name: name }).includes('full_name INVALID_FORMAT'));
  }
  for (const name of ['a', ' a', 'a ', 'Main Website', '日本', '\u200d👩', '-', 'e\u0301']) {
    assert.equal(fieldsOf(S.UpdateOrganization, { name }), [], name);
  }
  for (const name of ['', 'a\nb', '\u202ea', '\ud800', 'a'.repeat(101)]) {
    assert.is(fieldsOf(S.UpdateOrganization, { name }).length > 0, true, JSON.stringify(name));
  }
});

test('what was named so before is still what it is', () => {
  const organization = { id: '0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b', name: ' ', slug: 'a' };
  const at = '2026-02-01T10:00:00.000Z';
  assert.equal(fieldsOf(S.Organization, { ...organization, created_at: at, updated_at: at }), []);
});

test('a name takes no longer to judge the longer it is', () => {
  for (const name of [' '.repeat(100_000), `${' a'.repeat(50_000)}\n`, `${'\u200b'.repeat(100_000)}\n`]) {
    const times = Array.from({ length: 5 }, () => {
      const started = performance.now();
      fieldsOf(S.UpdateOrganization, { name });
      return performance.now() - started;
    });
    assert.ok(Math.min(...times) < 50, `${times.join(', ')} ms`);
  }
});

test.run();
