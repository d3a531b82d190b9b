// SPDX-License-Identifier: Apache-2.0
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Reader } from '../projections/index.js';
import { locator } from './locate.js';

const PLACES: Record<string, object> = {
  shop: { id: 'shop', kind: 'workspace', parent: 'acme' },
  pool: { id: 'pool', kind: 'upstream', parent: 'shop' },
};

function counted() {
  const reads: string[] = [];
  const get = async (name: string, id: string) => {
    reads.push(name);
    return PLACES[id];
  };
  return { locate: locator({ get } as unknown as Reader), reads };
}

test('a resource is found with its workspace and organization; one of another kind is not', async () => {
  const { locate } = counted();
  assert.equal(await locate('upstream', 'pool'), { workspaceId: 'shop', organizationId: 'acme' });
  assert.equal(await locate('workspace', 'shop'), { workspaceId: 'shop', organizationId: 'acme' });
  assert.is(await locate('certificate', 'pool'), undefined);
  assert.is(await locate('upstream', 'shop'), undefined);
});

test('what is not there costs the same reads as what is', async () => {
  for (const [kind, id] of [
    ['workspace', 'shop'],
    ['upstream', 'pool'],
  ] as const) {
    const [there, missing] = [counted(), counted()];
    await there.locate(kind, id);
    await missing.locate(kind, 'nobody');
    assert.equal(missing.reads, there.reads);
  }
});

test.run();
