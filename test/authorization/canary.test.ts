// SPDX-License-Identifier: Apache-2.0
/**
 * Secrets are planted wherever a route takes one, every route is made to succeed and to fail in many ways, and then
 * everything that the program has answered, stored, logged or printed is searched for them. A new route is in it by
 * itself; one that shows a secret once gets a row in `SHOWN_ONCE`, one that needs a body of its own a row in `BODIES`.
 * @slow 300
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { testPair } from '../../commands/certificate/pairs.harness.js';
import type { Route } from '../../http/index.js';
import { sampleOf } from './sample.js';
import {
  canariesFor,
  cookiesOf,
  filesIn,
  operationOf,
  pemLine,
  shownIn,
  spellings,
} from './secrets.harness.js';
import { addressOf, startTenants, type Tenants } from './tenants.harness.js';
import { PASSWORD } from './world.harness.js';

/** Operations whose answer shows a secret of its own making. */
const SHOWN_ONCE = [
  'createAgentToken',
  'createApiKey',
  'createEventTicket',
  'createInvitation',
  'login',
  'platformLogin',
  'refreshSession',
];

/** What was printed while the program ran. */
const printed: string[] = [];
let tenants: Tenants;
/** What must stand nowhere. */
const planted = new Set<string>();

const restore: (() => void)[] = [];
function listen(stream: NodeJS.WriteStream): void {
  const write = stream.write.bind(stream);
  stream.write = ((chunk: string | Uint8Array, ...rest: never[]) => {
    printed.push(typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString());
    return write(chunk, ...rest);
  }) as typeof stream.write;
  restore.push(() => {
    stream.write = write;
  });
}

test.before(async () => {
  listen(process.stdout);
  listen(process.stderr);
  tenants = await startTenants('canary');
  planted.add(PASSWORD);
});
test.after(async () => {
  for (const one of restore) {
    one();
  }
  await tenants?.close();
});

/** Bodies that succeed, or fail deep inside, where what the schema lets through does not get so far. */
const BODIES: Readonly<Record<string, () => Promise<readonly object[]> | readonly object[]>> = {
  createCertificate: async () => {
    const [pair, other] = [await testPair('a', { names: ['canary.example'] }), await testPair('b')];
    planted.add(pemLine(pair.key)).add(pemLine(other.key));
    const upload = { domain: 'canary.example', certificate_pem: pair.certificate };
    return [
      { ...upload, private_key_pem: pair.key },
      { ...upload, private_key_pem: other.key },
      { ...upload, private_key_pem: pair.key, provider: 'letsencrypt' },
      { ...upload, certificate_pem: pair.key, private_key_pem: pair.certificate },
    ];
  },
  createUser: () =>
    ['Canary-User-Password-1', 'canary-weak'].map((password, index) => ({
      username: `canary${index}`,
      email: `canary${index}@people.example`,
      password: plant(password),
    })),
  changePassword: () => [
    { old_password: plant('Canary-Wrong-1'), new_password: plant('Canary-Next-1') },
    { old_password: PASSWORD, new_password: plant('canary-short') },
  ],
  login: () => [
    { email: 'owner@people.example', password: PASSWORD },
    { email: 'owner@people.example', password: plant('Canary-Login-1'), cookie: true },
    { email: 'viewer@people.example', password: PASSWORD, cookie: true },
  ],
  createInvitation: () => [{ role: 'viewer', email: 'canary@people.example' }],
  createApiKey: () => [{ name: 'canary', scopes: ['read:upstreams'] }],
};

function plant(secret: string): string {
  planted.add(secret);
  return secret;
}

/** A route asked in every way that it could fail, and then so that it could succeed. */
async function provoke(route: Route): Promise<void> {
  const words = canariesFor(route);
  for (const word of Object.values(words)) {
    plant(String(word));
  }
  const path = addressOf(route, tenants.own);
  const { method, operationId } = route;
  const stray = plant(`Canary-Stray-${operationId}`);
  const bearer = { authorization: `Bearer ${plant(`Canary-Bearer-${operationId}`)}` };
  const cookie = { cookie: `__Host-nxmesh=${stray}; session=${stray}`, 'x-api-key': stray };
  await tenants.call('', method, addressOf(route, tenants.own, `token=${stray}`), {
    headers: { ...bearer, ...cookie },
  });
  await tenants.call('', method, path, { headers: { authorization: `Bearer nxm_${stray}` } });
  await tenants.call('owner', method, addressOf(route, tenants.own, `no_such_parameter=${stray}`));
  if (method === 'GET') {
    await tenants.call('owner', method, path, { headers: cookie });
    return;
  }
  const body = route.body === undefined ? {} : (sampleOf(route.body, 7, words) as object);
  const everything = { ...body, ...words };
  for (const bad of [
    JSON.stringify({ ...everything, secret: stray, no_such_field: { deeper: stray } }),
    JSON.stringify(Object.fromEntries(Object.entries(everything).map(([name, one]) => [name, [one]]))),
    JSON.stringify(words),
    JSON.stringify([everything]),
    `{"password":"${stray}","private_key_pem":"${stray}`,
    stray,
  ]) {
    await tenants.call('owner', method, path, { body: bad });
  }
  const misread = {
    'content-type': `text/${stray.toLowerCase()}`,
    'if-match': `"${stray}"`,
    'idempotency-key': `${stray} x`,
  };
  await tenants.call('owner', method, path, { body: JSON.stringify(everything), headers: misread });
  const bodies = (await BODIES[operationId]?.()) ?? [everything];
  // What would end what the others need comes with a precondition that fails.
  const headers = method === 'DELETE' ? { 'if-match': '"999999"' } : {};
  if (!['logout', 'revokeUserSessions', 'leaveOrganization', 'rotateSigningKey'].includes(operationId)) {
    for (const one of bodies) {
      const as = route.permission === 'public' ? '' : 'owner';
      await tenants.call(as, method, path, route.body === undefined ? { headers } : { body: one, headers });
      await tenants.call(
        'administrator',
        method,
        path,
        route.body === undefined ? { headers } : { body: one, headers },
      );
    }
  }
}

test('no secret stands in any answer but where it is shown once, nor in any file, log or print', async () => {
  // First what sign-ins are limited for.
  const refresh = tenants.answers.flatMap(({ answer }) => answer.json?.refresh_token ?? [])[0];
  for (const _ of ['used', 'used again']) {
    await tenants.call('', 'POST', '/v1/auth/refresh', { body: { refresh_token: refresh } });
  }
  for (const route of tenants.routes) {
    await provoke(route);
  }

  const shown = new Map<string, string>();
  for (const seen of tenants.answers) {
    for (const secret of [...shownIn(seen.answer.json), ...cookiesOf(seen)]) {
      shown.set(secret, operationOf(tenants.routes, seen));
    }
  }
  const showing = [...new Set(shown.values())].sort();
  assert.equal(
    showing.filter((one) => !SHOWN_ONCE.includes(one)),
    [],
    'shows a secret',
  );
  assert.ok(showing.length >= 5, showing.join());
  assert.ok(planted.size > 40, `only ${planted.size} planted`);
  assert.ok(tenants.answers.some(({ answer }) => answer.status === 201));

  const places = new Map<string, string>([['printed', printed.join('')]]);
  places.set('log', tenants.lines.join(''));
  for (const [name, bytes] of filesIn(tenants.dataDir)) {
    places.set(name, bytes.toString('latin1'));
  }
  // The search finds what is there.
  for (const [where, what] of [
    ['events.db', 'acme-pool'],
    ['read.db', 'acme-pool'],
    ['log', 'createCertificate'],
  ] as const) {
    const files = [...places].filter(([name]) => name.startsWith(where));
    assert.ok(
      files.some(([, text]) => text.includes(what)),
      `${what} in ${where}`,
    );
  }
  const hits: string[] = [];
  for (const secret of [...planted, ...shown.keys()]) {
    for (const spelling of spellings(secret)) {
      for (const [name, text] of places) {
        if (text.includes(spelling)) {
          hits.push(`${secret.slice(0, 40)} in ${name}`);
        }
      }
    }
  }
  for (const seen of tenants.answers) {
    const operation = operationOf(tenants.routes, seen);
    const all = `${seen.answer.text}${JSON.stringify(seen.answer.headers)}`;
    const own = new Set([...shownIn(seen.answer.json), ...cookiesOf(seen)]);
    for (const secret of [...planted, ...shown.keys()]) {
      if (!(own.has(secret) && SHOWN_ONCE.includes(operation)) && all.includes(secret)) {
        hits.push(
          `${secret.slice(0, 40)} in an answer ${seen.answer.status} of ${operation}: ${all.slice(0, 300)}`,
        );
      }
    }
  }
  assert.equal(hits.slice(0, 20), []);
});

test('no address of a person stands in the log of events, the read models or the logs', () => {
  const places = new Map([['log', tenants.lines.join('')]]);
  for (const [name, bytes] of filesIn(tenants.dataDir)) {
    places.set(name, bytes.toString('latin1'));
  }
  for (const [name, text] of places) {
    assert.not.match(text, /@people\.example|@(acme|rival)\.example/i, name);
  }
});

test.run();
