// SPDX-License-Identifier: Apache-2.0
/**
 * Every route of the program × everybody who could ask × two tenants, made from the table of routes: a new route is in
 * it by itself, and fails here until its path's parameters have a row in `tenants.harness.ts`.
 * @slow 300
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { POLICY, type Route } from '../../http/index.js';
import { permissionsPage } from './permissions.js';
import { sampleOf } from './sample.js';
import {
  ASKERS,
  type Asker,
  addressOf,
  type Ids,
  NOT_YET,
  namesOf,
  nobodysIn,
  PLACES,
  RANDOM,
  startTenants,
  type Tenants,
} from './tenants.harness.js';
import { isRival, type Target, type Verdict, verdict } from './verdict.js';
import type { Answer } from './world.harness.js';

let tenants: Tenants;
let guarded: readonly Route[];
test.before(async () => {
  tenants = await startTenants('matrix');
  guarded = tenants.routes.filter(({ permission }) => permission !== 'public');
});
test.after(() => tenants?.close());

const idsOf = (target: Target): Ids =>
  target === 'random' ? RANDOM : target === 'own' ? tenants.own : tenants.foreign;

const STATUS = { unauthorized: 401, forbidden: 403, hidden: 404 } as const;
/** No route has this field: whoever may send a body gets to hear of it. */
const MISFIT = { no_such_field: 1 };

const isRead = ({ method }: Route): boolean => method === 'GET';

/** Whether an answer is what the verdict says. Nothing is done: a body that does not fit shows that it would be judged. */
function agrees(route: Route, expected: Verdict, { status, json }: Answer): boolean {
  if (expected !== 'allowed') {
    return status === STATUS[expected];
  }
  if (isRead(route)) {
    const refusals = NOT_YET.includes(route.operationId) ? [401, 403] : [401, 403, 404];
    return status < 500 && !refusals.includes(status);
  }
  const details = (json?.error?.details ?? []) as { code: string }[];
  const inEnvelope = (json?.error?.details?.errors ?? []) as { code: string }[];
  return (
    status === 422 &&
    [...(Array.isArray(details) ? details : []), ...inEnvelope].some((one) => one.code === 'UNKNOWN_FIELD')
  );
}

/** Runs at most so many at a time, in order. */
async function each<T>(items: readonly T[], run: (item: T) => Promise<void>): Promise<void> {
  const queue = items.values();
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      for (const item of queue) {
        await run(item);
      }
    }),
  );
}

const withoutRequestId = ({ status, text, headers }: Answer): string =>
  `${status} ${text.replaceAll(/"(request_id|timestamp)":"[^"]*"/g, '')} ${headers['content-type'] ?? ''}`;

const bodyFor = (route: Route): { body?: unknown } =>
  isRead(route) ? {} : { body: route.body === undefined ? undefined : sampleOf(route.body) };

test('every route has a policy, and every parameter of a path an object in both tenants', () => {
  assert.ok(guarded.length > 35, `only ${guarded.length} routes`);
  for (const { permission, operationId } of guarded) {
    assert.ok(Object.hasOwn(POLICY, permission), operationId);
  }
  const names = [...new Set(guarded.flatMap(namesOf))];
  assert.equal(
    names.filter((name) => PLACES[name] === undefined || !tenants.own[name] || !tenants.foreign[name]),
    [],
  );
});

test('the page of permissions is what the routes say', () => {
  const page = readFileSync(join(import.meta.dirname, '..', '..', '..', 'docs', 'permissions.md'), 'utf8');
  assert.ok(
    page === permissionsPage(tenants.routes),
    'docs/permissions.md differs: npm run -s generate:permissions',
  );
});

test('the role, what is left of it in the workspace, and the scopes of a key decide; nothing else', async () => {
  const wrong: string[] = [];
  const requests = guarded.flatMap((route) =>
    ASKERS.flatMap((asker) =>
      (['own', 'foreign', 'random'] as const).map((target) => ({ route, asker, target })),
    ),
  );
  const before = await tenants.written();
  await each(requests, async ({ route, asker, target }) => {
    const expected = verdict(route, asker, target);
    if (asker.role === 'administrator' && target === 'random') {
      // Has every right everywhere: that nothing is there is only found out later.
      return;
    }
    const path = addressOf(route, idsOf(target));
    const answer = await tenants.call(asker.name, route.method, path, isRead(route) ? {} : { body: MISFIT });
    if (!agrees(route, expected, answer)) {
      wrong.push(
        `${route.operationId} as ${asker.name}, ${target}: ${expected}, but ${answer.status} ${answer.text}`,
      );
    }
  });
  assert.equal(wrong.slice(0, 25), []);
  assert.is(await tenants.written(), before);
});

test("another tenant's id is answered as one that is nobody's, and nothing is written", async () => {
  const wrong: string[] = [];
  const before = await tenants.written();
  const routes = guarded.filter((route) => namesOf(route).length > 0);
  const askers = ASKERS.filter(({ role }) => role !== 'administrator');
  await each(
    routes.flatMap((route) => askers.map((asker) => ({ route, asker }))),
    async ({ route, asker }) => {
      const ask = (ids: Ids): Promise<Answer> =>
        tenants.call(asker.name, route.method, addressOf(route, ids), bodyFor(route));
      const isOwn = isRival(asker);
      const nobodys = await ask(RANDOM);
      const others = await ask(isOwn ? tenants.own : tenants.foreign);
      if (withoutRequestId(nobodys) !== withoutRequestId(others) || nobodys.status < 400) {
        wrong.push(
          `${route.operationId} as ${asker.name}: ${nobodys.status} ${nobodys.text}, ${others.status} ${others.text}`,
        );
      }
    },
  );
  assert.equal(wrong.slice(0, 25), []);
  assert.is(await tenants.written(), before);
});

test("another tenant's object in one's own organization or workspace is not there", async () => {
  const before = await tenants.written();
  const routes = guarded.filter((route) => namesOf(route).length > 1);
  assert.ok(routes.length > 5);
  for (const route of routes) {
    // A part is named by what it says: the same address or path is no other tenant's.
    const names = namesOf(route).filter((name) => !['server_address', 'location_path'].includes(name));
    for (const name of names.slice(1)) {
      const ask = (value: string | undefined): Promise<Answer> =>
        tenants.call(
          'owner',
          route.method,
          addressOf(route, { ...tenants.own, [name]: value ?? '' }),
          bodyFor(route),
        );
      const nobodys = await ask(nobodysIn(name));
      const others = await ask(nobodysIn(name) === '999' ? '999' : tenants.foreign[name]);
      assert.is(withoutRequestId(others), withoutRequestId(nobodys), `${route.operationId} ${name}`);
    }
  }
  assert.is(await tenants.written(), before);
});

test('who may not gets to hear so whatever the body is, and nothing is written', async () => {
  const before = await tenants.written();
  const low: Asker[] = ASKERS.filter(({ name }) => ['', 'viewer', 'hidden', 'key-without'].includes(name));
  for (const route of guarded.filter((one) => !isRead(one))) {
    for (const asker of low) {
      const expected = verdict(route, asker, 'own');
      if (expected !== 'allowed') {
        const path = addressOf(route, tenants.own);
        const { status } = await tenants.call(asker.name, route.method, path, bodyFor(route));
        assert.is(status, STATUS[expected], `${route.operationId} as ${asker.name}`);
      }
    }
  }
  assert.is(await tenants.written(), before);
});

test.run();
