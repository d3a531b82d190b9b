// SPDX-License-Identifier: Apache-2.0
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { sha256 } from '../../kernel/index.js';
import {
  auditKeyId,
  chainHash,
  EXPORT_FORMAT,
  exportVerifier,
  NOTHING,
  signCheckpoint,
  type Verdict,
} from './index.js';

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const at = '2026-02-01T10:00:00.000Z';
const chain = '550e8400-e29b-41d4-a716-446655440000';

/** An export of `count` records with a checkpoint after the third. `kept`: a record that says no state. */
function lines(count: number, from = 1, kept?: number): string[] {
  let hash = NOTHING;
  const all: object[] = [];
  for (let number = 1; number <= count; number += 1) {
    const before = number === 1 || number === kept ? null : { weight: number - 1 };
    const previous = number === 1 ? null : `r${number - 1}`;
    const record = {
      id: `r${number}`,
      event_id: `e${number}`,
      state: number === kept ? 'kept' : 'set',
      previous,
      after: { weight: number },
    };
    const header = {
      kind: 'header',
      format: EXPORT_FORMAT,
      chain,
      from: number,
      previous_hash: hash,
      key_id: auditKeyId(publicKey),
      public_key: '',
      exported_at: at,
    };
    hash = chainHash(hash, record);
    if (number === from) {
      all.push(header);
    }
    if (number >= from) {
      all.push({ kind: 'record', number, hash, record, before, address: '10.0.0.1' });
    }
    if (number === 3 && number >= from) {
      all.push({ kind: 'checkpoint', ...signCheckpoint({ chain, number, hash, at }, privateKey) });
    }
  }
  const texts = all.map((one) => JSON.stringify(one));
  const export_sha256 = sha256(texts.map((text) => `${text}\n`).join(''));
  const end = signCheckpoint({ chain, number: count, hash, at, export_sha256 }, privateKey);
  return [...texts, JSON.stringify({ kind: 'end', ...end })];
}

function verdict(of: readonly string[], key = publicKey): Verdict {
  const verifier = exportVerifier(key);
  for (const line of of) {
    verifier.line(line);
  }
  return verifier.end();
}

/** The lines with the one of this kind changed, and the sum at the end as if it had been so. */
function forged(kind: string, change: object, of = lines(5)): string[] {
  const texts = of.map((line) => {
    const parsed = JSON.parse(line) as { kind: string };
    return parsed.kind === kind ? JSON.stringify({ ...parsed, ...change }) : line;
  });
  const export_sha256 = sha256(
    texts
      .slice(0, -1)
      .map((text) => `${text}\n`)
      .join(''),
  );
  const end = JSON.parse(texts.at(-1) ?? '') as object;
  return [...texts.slice(0, -1), JSON.stringify({ ...end, export_sha256 })];
}

const why = (found: Verdict): string => (found.ok ? 'ok' : found.why);

test('an export as it was made is good, from the first record or a later one', () => {
  assert.equal(verdict(lines(5)), { ok: true, records: 5, checkpoints: 1 });
  assert.equal(verdict(lines(5, 4)), { ok: true, records: 2, checkpoints: 0 });
  assert.ok(verdict(lines(5, 1, 4)).ok, 'what keeps a state has none of its own before it');
});

test('the first record that was altered is named', () => {
  const altered = lines(5).map((line) => line.replace('"after":{"weight":2}', '"after":{"weight":9}'));
  assert.equal(verdict(altered), { ok: false, line: 3, number: 2, why: 'record 2 (e2) was altered' });
});

test('what is put in, left out, moved or cut off is noticed', () => {
  const good = lines(5);
  const without = good.filter((_, index) => index !== 2);
  assert.match(why(verdict(without)), 'record 3 follows record 1');
  const [header = '', first = '', second = '', ...rest] = good;
  assert.match(why(verdict([header, second, first, ...rest])), 'record 2 follows record 0');
  assert.match(why(verdict([header, first, first, second, ...rest])), 'record 1 follows record 1');
  assert.match(why(verdict(good.slice(0, -1))), 'ends behind record 5 without its signed end');
  assert.match(why(verdict(good.slice(1))), 'does not begin with a header');
  assert.match(why(verdict([...good, first])), 'more behind the end');
  assert.match(why(verdict([header, 'not json'])), 'not JSON');
  assert.match(why(verdict([])), 'without its signed end');
  assert.match(why(verdict([header, first, ...lines(5, 4)])), 'there is a second header');
});

test('what stood before is that of the record before', () => {
  const altered = lines(5).map((line) => line.replace('"before":{"weight":3}', '"before":{"weight":7}'));
  assert.match(why(verdict(altered)), 'what stood before record 4 was altered');
});

test('what no hash of a record is over is signed at the end', () => {
  const altered = lines(5).map((line, index) => (index === 2 ? line.replace('10.0.0.1', '10.0.0.2') : line));
  assert.match(why(verdict(altered)), 'a line was altered in what no hash of a record is over');
});

test('nor does it help to make that sum anew: it is signed', () => {
  assert.match(
    why(verdict(forged('record', { address: '10.9.9.9' }))),
    'the checkpoint at record 5 is not signed',
  );
});

test('a checkpoint is of its chain, its record and its key', () => {
  const other = '650e8400-e29b-41d4-a716-446655440000';
  assert.match(why(verdict(forged('header', { chain: other }))), 'says that record 3 was another');
  const renamed = forged('checkpoint', { chain: other }, forged('header', { chain: other }));
  assert.match(why(verdict(renamed)), 'the checkpoint at record 3 is not signed');
  assert.match(why(verdict(forged('checkpoint', { key_id: 'a'.repeat(32) }))), 'record 3 is not signed');
  const { hash } = JSON.parse(lines(5)[3] ?? '') as { hash: string };
  const early = signCheckpoint({ chain, number: 2, hash, at }, privateKey);
  assert.match(why(verdict(forged('checkpoint', early))), 'says that record 2 was another');
  const wrong = signCheckpoint({ chain, number: 3, hash: NOTHING, at }, privateKey);
  assert.match(why(verdict(forged('checkpoint', wrong))), 'says that record 3 was another');
});

test('whoever writes the chain anew cannot sign it', () => {
  const other = generateKeyPairSync('ed25519');
  assert.match(
    why(verdict(lines(5), other.publicKey)),
    'the checkpoint at record 3 is not signed by the key',
  );
  const moved = lines(5).map((line) =>
    line.startsWith('{"kind":"end"') ? line.replace(at, '2026-03-01T10:00:00.000Z') : line,
  );
  assert.match(why(verdict(moved)), 'the checkpoint at record 5 is not signed');
});

test.run();
