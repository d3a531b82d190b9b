// SPDX-License-Identifier: Apache-2.0
import { randomBytes, randomUUID } from 'node:crypto';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { sha256 } from '../kernel/index.js';
import { makeToken, parseToken } from './token.js';

test('a token has one spelling', () => {
  const id = randomUUID();
  const secret = randomBytes(32);
  const token = makeToken(id, secret, sha256('ca'));
  assert.equal(parseToken(token), { agentId: id, secret, caSha256: sha256('ca') });
  for (const wrong of [
    '',
    token.slice(0, -1),
    `${token}A`,
    `${token}=`,
    token.replace('nxmesh_agent_', ''),
    `${token}\n`,
  ]) {
    assert.is(parseToken(wrong), undefined, wrong);
  }
});

test.run();
