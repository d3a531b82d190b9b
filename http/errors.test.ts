// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { detail, ERRORS, type ErrorCode, invalid, NxError, notFound, Outage } from '../kernel/index.js';
import { errorAnswer, HttpError } from './errors.js';

const CODES = Object.keys(ERRORS) as ErrorCode[];

test('docs/errors.md lists exactly the codes of the catalogue, with their statuses and meanings', () => {
  const text = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'errors.md'), 'utf8');
  const rows = [...text.matchAll(/^\| `([A-Z_]+)` \| (\d{3}) \| ([^|]+) \|/gm)].map(
    ([, code, status, meaning]) => `${code} ${status} ${meaning?.trim()}`,
  );
  const catalogue = CODES.map((code) => `${code} ${ERRORS[code].status} ${ERRORS[code].meaning}`);
  assert.equal([...rows].sort(), catalogue.sort());
});

test('every code becomes its status and the one shape', () => {
  for (const code of CODES) {
    const answer = errorAnswer(new NxError(code, 'words', [detail('a', 'B', 'c')]), 'req-1');
    assert.is(answer.status, ERRORS[code].status);
    assert.equal(Object.keys(answer.body.error), ['code', 'message', 'request_id', 'details']);
    assert.is(answer.body.error.request_id, 'req-1');
    assert.is('Retry-After' in answer.headers, ['RATE_LIMITED', 'SERVICE_UNAVAILABLE'].includes(code), code);
  }
});

test('nothing of an unexpected error is shown, and every NOT_FOUND reads the same', () => {
  for (const thrown of [
    new Error('canary'),
    'canary',
    { code: 'NOT_FOUND', message: 'canary' },
    undefined,
    null,
  ]) {
    const answer = errorAnswer(thrown, 'req-1');
    assert.is(answer.status, 500);
    assert.not.match(JSON.stringify(answer), 'canary');
  }
  assert.equal(errorAnswer(notFound('Upstream'), 'r'), errorAnswer(notFound('Workspace'), 'r'));
  assert.equal(errorAnswer(invalid([detail('a', 'B', 'c')]), 'r').body.error.details, [
    { field: 'a', code: 'B', message: 'c' },
  ]);
});

test('an outage is SERVICE_UNAVAILABLE wherever it comes up, and says nothing of itself', () => {
  const answer = errorAnswer(new Outage('canary:27017 does not answer'), 'r');
  assert.equal([answer.status, answer.headers], [503, { 'Retry-After': '1' }]);
  assert.not.match(JSON.stringify(answer), 'canary');
});

test('header fields: those of the code, and those of the error over them', () => {
  assert.equal(errorAnswer(new NxError('UNAUTHORIZED', ''), 'r').headers, {
    'WWW-Authenticate': 'Bearer realm="nxmesh"',
  });
  assert.equal(errorAnswer(new HttpError('SERVICE_UNAVAILABLE', '', { 'Retry-After': '9' }), 'r').headers, {
    'Retry-After': '9',
  });
});

test.run();
