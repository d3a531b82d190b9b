// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { described } from './harness/described.js';

const file = join(import.meta.dirname, '..', '..', 'docs', 'openapi.json');
const check = described(JSON.parse(readFileSync(file, 'utf8')));
const organization = {
  id: '550e8400-e29b-41d4-a716-446655440000',
  name: 'Acme Corp',
  slug: 'acme-corp',
  created_at: '2026-01-15T10:30:00Z',
  updated_at: '2026-01-15T10:30:00Z',
};
const path = `/v1/organizations/${organization.id}`;

test('an answer as it is described passes, in both dialects', () => {
  check('GET', path, 200, organization);
  check('GET', `${path}?after=1`, 304, undefined);
});

test('another status, a field too many or too few, and an error of another shape do not', () => {
  assert.throws(
    () => check('GET', path, 418, organization),
    /getOrganization does not say that it answers 418/,
  );
  assert.throws(() => check('GET', path, 200, { ...organization, secret: 1 }), /getOrganization 200/);
  assert.throws(() => check('GET', path, 200, { ...organization, slug: undefined }), /getOrganization 200/);
  assert.throws(() => check('GET', path, 404, { message: 'no' }), /getOrganization 404/);
  assert.throws(() => check('GET', '/api/v1/status', 401, { error: {} }), /platformGetStatus 401/);
});

test.run();
