// SPDX-License-Identifier: Apache-2.0
/**
 * What no route takes, made from the table of routes: fields that are not its own, pages and orders beyond their
 * bounds, and an idempotency key that means two things.
 * @slow 300
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Route } from '../../http/index.js';
import { sampleOf } from './sample.js';
import { addressOf, fill, MADE, startTenants, type Tenants } from './tenants.harness.js';
import type { Answer } from './world.harness.js';

let tenants: Tenants;
test.before(async () => {
  tenants = await startTenants('input');
});
test.after(() => tenants?.close());

const FIELDS = [
  'id',
  'organization_id',
  'workspace_id',
  'role',
  'created_at',
  'version',
  'is_admin',
  '__proto__',
  'constructor',
];

interface Shape {
  readonly properties?: object;
  readonly anyOf?: readonly Shape[];
}

/** Fields of a body, whichever of its forms it takes. */
const ownFields = ({ properties = {}, anyOf = [] }: Shape): string[] => [
  ...Object.keys(properties),
  ...anyOf.flatMap(ownFields),
];

/** `__proto__` stands in a JSON text, though no object literal could have it. */
const withField = (body: unknown, field: string): string => {
  const members = JSON.stringify(body).slice(1, -1);
  return `{${JSON.stringify(field)}:"x"${members === '' ? '' : `,${members}`}}`;
};

const faults = ({ json }: Answer): { field: string; code: string }[] => {
  const details = json?.error?.details ?? [];
  return Array.isArray(details) ? details : (details.errors ?? []);
};

test('mass assignment: a field that is not a route’s own is refused by its name, and nothing is written', async () => {
  const before = await tenants.written();
  let tried = 0;
  const wrong: string[] = [];
  for (const route of tenants.routes.filter((one) => one.method !== 'GET')) {
    const own = ownFields((route.body ?? {}) as Shape);
    const body = route.body === undefined ? {} : sampleOf(route.body);
    for (const field of FIELDS.filter((one) => !own.includes(one))) {
      const path = addressOf(route, tenants.own);
      const answer = await tenants.call('administrator', route.method, path, {
        body: withField(body, field),
      });
      const isNamed = faults(answer).some((one) => one.field === field && one.code === 'UNKNOWN_FIELD');
      if (answer.status !== 422 || !isNamed) {
        wrong.push(`${route.operationId} ${field}: ${answer.status} ${answer.text}`);
      }
      tried += 1;
    }
  }
  assert.equal(wrong.slice(0, 25), []);
  assert.ok(tried > 200, `only ${tried}`);
  assert.is(await tenants.written(), before);
});

const QUERIES = [
  'per_page=1000000000',
  'per_page=-1',
  'page=-1',
  'page=0',
  'sort=password_hash',
  'order=password_hash',
  'limit=1000000000',
  'workspace_id=x',
  '__proto__=x',
  `label_selector=${'a=b,'.repeat(2000)}a=b`,
];

test('pages, orders and filters beyond their bounds are refused on every route that is read', async () => {
  const wrong: string[] = [];
  const isJson = ({ success, method }: Route): boolean => method === 'GET' && success.schema !== undefined;
  for (const route of tenants.routes.filter(isJson)) {
    for (const query of QUERIES) {
      const path = addressOf(route, tenants.own, query);
      const answer = await tenants.call('administrator', 'GET', path);
      if (answer.status !== 422) {
        wrong.push(`${route.operationId} ${query.slice(0, 40)}: ${answer.status} ${answer.text}`);
      }
    }
    const many = `label_selector=${'a=b,'.repeat(10_000)}a=b`;
    const answer = await tenants.call('administrator', 'GET', addressOf(route, tenants.own, many));
    assert.ok([422, 431].includes(answer.status), `${route.operationId}: ${answer.status}`);
  }
  assert.equal(wrong.slice(0, 25), []);
});

/** What makes another body of the same kind that is as good. */
const OTHERWISE: Readonly<Record<string, object>> = {
  organization_id: { name: 'Other' },
  workspace_id: { name: 'Other' },
  invitation_id: { role: 'editor' },
  api_key_id: { name: 'Other' },
  agent_id: { name: 'other' },
  upstream_id: { name: 'other' },
  virtual_host_id: { name: 'Other' },
  certificate_id: { auto_renew: false },
  server_address: { weight: 2 },
  location_path: { index: null },
};

test('an idempotency key is the caller’s own, on one route, for one body', async () => {
  const headers = { 'idempotency-key': 'the-same-for-everything' };
  for (const [param, pattern, body, field = 'id'] of MADE) {
    const path = fill(pattern, tenants.own);
    const given = (await body('again')) as Record<string, unknown>;
    const [mine, other] = param === 'organization_id' ? ['administrator', 'owner'] : ['owner', 'both'];
    const ask = (as: string, asked: object) => tenants.call(as, 'POST', path, { body: asked, headers });
    const first = await ask(mine, given);
    assert.is(first.status, 201, `${path} ${first.text}`);
    const again = await ask(mine, given);
    assert.is(again.json[field], first.json[field], path);
    const theirs = await ask(other, given);
    assert.is.not(theirs.json[field], first.json[field], path);
    const mismatch = await ask(mine, { ...given, ...OTHERWISE[param] });
    assert.is(mismatch.json?.error?.code, 'IDEMPOTENCY_MISMATCH', `${path} ${mismatch.text}`);
  }
});

test.run();
