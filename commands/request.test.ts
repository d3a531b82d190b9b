// SPDX-License-Identifier: Apache-2.0
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Grant, HandlerRequest } from '../http/index.js';
import { NxError } from '../kernel/index.js';
import { placeOf } from './request.js';

const PLACE = { workspaceId: 'w', organizationId: 'o' };

/** Read models that know of the resource once they have passed position 7, which they do, or not. */
function behind(catchesUp: boolean) {
  const waited: bigint[] = [];
  let there = false;
  return {
    waited,
    locate: async () => (there ? PLACE : undefined),
    passed: async (position: bigint) => {
      waited.push(position);
      there = catchesUp && position >= 7n;
      return catchesUp;
    },
  };
}

const asked = (position?: bigint) => {
  const allowed: string[] = [];
  const allow: HandlerRequest['allow'] = (...place) => {
    allowed.push(place.join('/'));
    return {} as Grant;
  };
  return { allowed, allow, position };
};

const code = (error: unknown): string => (error instanceof NxError ? error.code : String(error));

test('what the caller has seen made is waited for, and only then', async () => {
  const models = behind(true);
  const request = asked(7n);
  assert.equal(await placeOf(models, request, 'workspace', 'w'), PLACE);
  assert.equal(await placeOf(models, asked(8n), 'workspace', 'w'), PLACE);
  assert.equal(models.waited, [7n]);
  assert.equal(request.allowed, ['o/w']);
});

test('what nobody has said to be there is not waited for', async () => {
  const models = behind(true);
  assert.is(await placeOf(models, asked(), 'workspace', 'w').catch(code), 'NOT_FOUND');
  assert.is(await placeOf(models, asked(6n), 'workspace', 'w').catch(code), 'NOT_FOUND');
  assert.equal(models.waited, [6n]);
});

test('read models that do not come so far are said to be behind, not the resource to be missing', async () => {
  const request = asked(7n);
  assert.is(await placeOf(behind(false), request, 'workspace', 'w').catch(code), 'SERVICE_UNAVAILABLE');
  assert.equal(request.allowed, []);
});

test.run();
