// SPDX-License-Identifier: Apache-2.0
import { test } from 'uvu';
import { timestamp } from '../../kernel/index.js';
import type { SessionFact } from '../../schemas/index.js';
import { spec } from '../given.harness.js';
import { SESSION, type SessionEnd, session } from './index.js';

const [id, ann] = ['0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b', '0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5c'];
const START = Date.parse('2026-02-01T10:00:00.000Z');
const at = (ms: number): string => timestamp(START + ms);
const hash = (generation: number): string => String(generation).repeat(64);

const started: SessionFact = {
  type: 'session.started',
  data: {
    session_id: id,
    user_id: ann,
    session_version: 1,
    token_sha256: hash(0),
    at: at(0),
    expires_at: at(SESSION.idleMs),
  },
};
const refreshed = (generation: number, ms: number, expires = ms + SESSION.idleMs): SessionFact => ({
  type: 'session.refreshed',
  data: {
    session_id: id,
    session_version: 1,
    token_sha256: hash(generation),
    previous_sha256: hash(generation - 1),
    at: at(ms),
    expires_at: at(expires),
  },
});
const ended = (reason: SessionEnd, ms: number): SessionFact => ({
  type: 'session.ended',
  data: { session_id: id, user_id: ann, reason, at: at(ms) },
});
const show = (generation: number, ms: number, more: object = {}) =>
  ({
    type: 'refresh',
    generation,
    nextSha256: hash(generation + 1),
    sessionVersion: 1,
    sameClient: true,
    at: at(ms),
    ...more,
  }) as const;
const given = spec(session);
const DAY = 86_400_000;

test('the newest token is exchanged for the next, and keeps the session for another while', () => {
  given(started).when(show(0, 1000)).thenFacts(refreshed(1, 1000));
  given(started, refreshed(1, 1000)).when(show(1, 2000)).thenFacts(refreshed(2, 2000));
});

test('the one before is answered again to the same client for ten seconds', () => {
  const past = [started, refreshed(1, 1000)];
  given(...past)
    .when(show(0, 11_000))
    .thenFacts();
  given(...past)
    .when(show(0, 11_001))
    .thenFacts(ended('reuse_detected', 11_001));
  given(...past)
    .when(show(0, 1001, { sameClient: false }))
    .thenFacts(ended('reuse_detected', 1001));
});

test('older ones end the session at once, and one that was never given too', () => {
  const past = [started, refreshed(1, 1000), refreshed(2, 2000)];
  given(...past)
    .when(show(0, 2001))
    .thenFacts(ended('reuse_detected', 2001));
  given(...past)
    .when(show(3, 2001))
    .thenFacts(ended('reuse_detected', 2001));
});

test('time ends it: without a refresh, and in any case', () => {
  given(started)
    .when(show(0, SESSION.idleMs - 1))
    .thenFacts(refreshed(1, SESSION.idleMs - 1));
  given(started).when(show(0, SESSION.idleMs)).thenFacts(ended('expired', SESSION.idleMs));
  const busy = [6, 12, 18, 24].map((day, index) => refreshed(index + 1, day * DAY));
  given(started, ...busy)
    .when(show(4, 29 * DAY))
    .thenFacts(refreshed(5, 29 * DAY, SESSION.absoluteMs));
  given(started, ...busy, refreshed(5, 29 * DAY, SESSION.absoluteMs))
    .when(show(5, 30 * DAY))
    .thenFacts(ended('expired', 30 * DAY));
});

test('it is not said to have expired before its time', () => {
  const end = (ms: number) => ({ type: 'end', reason: 'expired', at: at(ms) }) as const;
  given(started)
    .when(end(SESSION.idleMs - 1))
    .thenFacts();
  given(started).when(end(SESSION.idleMs)).thenFacts(ended('expired', SESSION.idleMs));
});

test('a new version of the user ends it, unless it is carried on', () => {
  given(started)
    .when(show(0, 1000, { sessionVersion: 2 }))
    .thenFacts(ended('password_changed', 1000));
  const carry = { type: 'carry-on', nextSha256: hash(1), sessionVersion: 2, at: at(1000) } as const;
  given(started)
    .when({ ...carry, generation: 1 })
    .thenRefused('UNAUTHORIZED');
  const carried = {
    ...refreshed(1, 1000),
    data: { ...refreshed(1, 1000).data, session_version: 2 },
  } as SessionFact;
  given(started)
    .when({ ...carry, generation: 0 })
    .thenFacts(carried);
});

test('what has ended stays so', () => {
  const past = [started, ended('logout', 1000)];
  given(...past)
    .when(show(0, 1001))
    .thenRefused('UNAUTHORIZED');
  given(...past)
    .when({ type: 'end', reason: 'revoked', at: at(1001) })
    .thenFacts();
  given()
    .when({ type: 'end', reason: 'revoked', at: at(1001) })
    .thenFacts();
  const again = {
    type: 'start',
    id,
    userId: ann,
    sessionVersion: 1,
    tokenSha256: hash(0),
    at: at(0),
  } as const;
  given(...past)
    .when(again)
    .thenFacts();
});

test.run();
