// SPDX-License-Identifier: Apache-2.0
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { eventLog, memoryLog } from '../../event-log/index.js';
import { ORGANIZATION } from '../../projections/facts.harness.js';
import { memoryReadStore } from '../../read-store/index.js';
import { until } from '../../test/harness/until.js';
import { CONSOLE, client, type FeedProcess, feedProcess, upgrade } from './feed.harness.js';

let feed: FeedProcess;
let token: string;
let user: string;

test.before(async () => {
  feed = await feedProcess();
  ({ token, id: user } = await feed.app.user({ [ORGANIZATION]: 'viewer' }));
});
test.after(() => feed.close());

test('C21: without a ticket no socket opens, and on no other path', async () => {
  assert.is((await upgrade(feed.url(''))).status, 401);
  for (const path of [
    '/',
    '/v1/events/',
    '/v1/events/stream',
    '/v1/organizations',
    '/V1/events',
    '//v1/events',
  ]) {
    assert.is((await upgrade(`${feed.base}${path}?token=${await feed.ticket(token)}`)).status, 401, path);
  }
  assert.is((await feed.app.call('POST', '/v1/events/tickets', { json: {} })).status, 401);
  // Another protocol, on the right path.
  const h2c = await upgrade(feed.url(`?token=${await feed.ticket(token)}`), { Upgrade: 'h2c' });
  assert.is(h2c.status, 401);
});

test('C22: an origin that is not in the list is refused before the upgrade, whatever its ticket', async () => {
  const browser = { Origin: CONSOLE };
  const hostile = [
    'https://evil.admin.example.com',
    'https://admin.example.com.evil.io',
    'http://admin.example.com',
    'https://admin.example.com:8443',
    'https://admin.example.com/',
    'https://ADMIN.example.com',
    'https://',
    'not-a-url',
    'null',
    `${CONSOLE}, ${CONSOLE}`,
    '*',
  ];
  for (const origin of hostile) {
    const made = await feed.ticket(token, {}, browser);
    const answer = await upgrade(feed.url(`?token=${made}`), { Origin: origin });
    assert.is(answer.status, 403, origin);
    const asked = await feed.app.call('POST', '/v1/events/tickets', {
      token,
      json: {},
      headers: { Origin: origin },
    });
    assert.is(asked.status, 403, origin);
  }
  // A page's ticket is worth nothing to a program that names no origin, nor a program's to a page.
  const ofPage = await feed.ticket(token, {}, browser);
  assert.is((await upgrade(feed.url(`?token=${ofPage}`))).status, 403);
  const ofProgram = await feed.ticket(token);
  assert.is((await upgrade(feed.url(`?token=${ofProgram}`), browser)).status, 403);
  // Secrets beside the ticket open nothing.
  assert.is((await upgrade(feed.url(`?secret=${token}`))).status, 422);
  assert.is((await upgrade(feed.url(`?secret=${token}`), { Origin: 'https://evil.io' })).status, 403);

  const good = await feed.ticket(token, {}, browser);
  assert.is((await upgrade(feed.url(`?token=${good}`), browser)).status, 101);
});

test('an access token in the address is refused with 4401, and so is what is used up or too old', async () => {
  const refusals = async (text: string): Promise<number> =>
    (await client(feed.url(`?token=${text}`)).closed).code;
  assert.is(await refusals(token), 4401);
  assert.is(await refusals('nxt_short'), 4401);
  assert.is(await refusals(`nxt_${'A'.repeat(43)}`), 4401);

  const once = await feed.ticket(token);
  const first = client(feed.url(`?token=${once}`));
  await until('it opens', () => first.socket.readyState === first.socket.OPEN);
  assert.is(await refusals(once), 4401);
  first.socket.terminate();

  const old = await feed.ticket(token);
  feed.clock.ahead += 30_001;
  assert.is(await refusals(old), 4401);
  feed.clock.ahead = 0;
});

test('of many processes that are shown one ticket at once, one opens', async () => {
  const shared = {
    log: eventLog(memoryLog()),
    store: memoryReadStore({ clock: { now: () => Date.now(), monotonic: () => performance.now() } }),
  };
  const [a, b] = [await feedProcess(shared), await feedProcess(shared)];
  const { token: mine, id } = await a.app.user({ [ORGANIZATION]: 'viewer' });
  const known = a.app.users.get(id);
  b.principals.set(id, known?.principal);
  for (let round = 0; round < 10; round++) {
    const one = await a.ticket(mine);
    const clients = [a, b, a, b].map((at) => client(at.url(`?token=${one}&events=*`)));
    const outcomes = await Promise.all(
      clients.map((each) =>
        Promise.race([each.next('caught-up').then(() => 'open'), each.closed.then(({ code }) => code)]),
      ),
    );
    assert.equal(
      outcomes.filter((outcome) => outcome !== 4401),
      ['open'],
    );
    for (const each of clients) {
      each.socket.terminate();
    }
  }
  await a.close();
  await b.close();
});

test('no ticket and no token stands in a log line, nor in clear in the store', async () => {
  const made = await feed.ticket(token);
  assert.is((await feed.app.call('GET', `/v1/events?token=${made}`, { token })).status >= 400, true);
  const one = client(feed.url(`?token=${made}&events=*`));
  await one.next('caught-up');
  const kept = await feed.ticket(token);
  const stored = JSON.stringify(await feed.store.find('event_tickets'));
  const lines = [...feed.logged, ...feed.app.lines].join('\n');
  for (const secret of [made, kept, token]) {
    assert.not.ok(lines.includes(secret));
    assert.not.ok(stored.includes(secret));
  }
  one.socket.terminate();
});

test('forgotten tickets are swept away', async () => {
  await feed.ticket(token);
  feed.clock.ahead += 60_000;
  await feed.ticket(token);
  assert.is((await feed.store.find('event_tickets')).total, 1);
  feed.clock.ahead = 0;
});

test('C08: whoever is disabled, revoked or loses the right is cut off within a second', async () => {
  for (const [code, now] of [
    [4401, undefined],
    [4403, { kind: 'user', id: user, userId: user, isAdmin: false, roles: {}, workspaceRoles: {} }],
  ] as const) {
    const one = await feed.connect(token, '&events=*');
    await one.next('caught-up');
    const taken = performance.now();
    feed.principals.set(user, now);
    assert.is((await one.closed).code, code);
    assert.ok(performance.now() - taken < 1_000);
    feed.principals.delete(user);
  }
});

test('a socket ends with the credentials that its ticket was made with', async () => {
  const one = await feed.connect(token, '&events=*');
  await one.next('caught-up');
  // An access token is worth 15 minutes.
  feed.clock.ahead += 16 * 60_000;
  assert.equal(await one.closed, { code: 4401, reason: 'the credentials have expired' });
  feed.clock.ahead = 0;
});

test('a ticket is worth no longer than the credentials that it was made with, and says so', async () => {
  const ticket = async () => (await feed.app.call('POST', '/v1/events/tickets', { token, json: {} })).json;
  assert.is((await ticket()).expires_in, 30);
  const { iat } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
  // What is left of 15 minutes.
  feed.clock.ahead = (Number(iat) + 900 - 10) * 1000 - Date.now();
  const { expires_in, expires_at } = await ticket();
  assert.ok(expires_in >= 7 && expires_in <= 10, String(expires_in));
  assert.ok(Date.parse(expires_at) <= (Number(iat) + 900) * 1000);
  feed.clock.ahead = 0;
});

test('one principal cannot hold more connections than allowed, nor flood one', async () => {
  const small = await feedProcess({ limits: { perPrincipal: 2 } });
  const one = await small.app.user({ [ORGANIZATION]: 'viewer' });
  const first = await small.connect(one.token);
  await small.connect(one.token);
  assert.is((await client(small.url(`?token=${await small.ticket(one.token)}`)).closed).code, 4429);
  for (let n = 0; n < 101; n++) {
    first.say({ action: 'ping' });
  }
  assert.is((await first.closed).code, 4429);
  const next = await small.connect(one.token);
  next.say('x'.repeat(65 * 1024));
  assert.is((await next.closed).code, 1009);
  const binary = await small.connect(one.token);
  binary.socket.send(Buffer.from('{}'), { binary: true });
  assert.is((await binary.closed).code, 1003);
  await small.close();
});

test('a peer that answers no ping is cut off; a stopping server says so', async () => {
  const quick = await feedProcess({ limits: { pingMs: 30 } });
  const one = await quick.app.user({ [ORGANIZATION]: 'viewer' });
  const open = await quick.connect(one.token);
  const deaf = client(quick.url(`?token=${await quick.ticket(one.token)}`), { autoPong: false });
  assert.is((await deaf.closed).code, 4408);
  assert.is(open.socket.readyState, open.socket.OPEN);
  quick.live.drain();
  assert.is((await open.closed).code, 1001);
  assert.is((await client(quick.url(`?token=${await quick.ticket(one.token)}`)).closed).code, 1001);
  await quick.close();
});

test('a socket that nobody ends does not keep the server from stopping', async () => {
  const held = await feedProcess();
  const one = await held.app.user({ [ORGANIZATION]: 'viewer' });
  const stuck = client(held.url(`?token=${await held.ticket(one.token)}&events=*`));
  await stuck.next('caught-up');
  stuck.socket.pause();
  const started = performance.now();
  await held.close();
  assert.ok(performance.now() - started < 5_000);
  stuck.socket.terminate();
});

test.run();
