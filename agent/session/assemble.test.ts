// SPDX-License-Identifier: Apache-2.0
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { sha256 } from '../../kernel/index.js';
import { ConfigUpdate } from '../../proto/index.js';
import { type Manifest, manifestDigest, manifestOf } from '../state/manifest.js';
import { createAssembler } from './assemble.js';

const [A, B, C] = ['# a\n', '# b\n', '# c\n'];
const file = (path: string, text: string, content: string | null = text) => ({
  path,
  sha256: sha256(text),
  ...(content === null ? {} : { content: Buffer.from(content) }),
});
const manifest = (files: Readonly<Record<string, string>>): Manifest =>
  manifestOf(Object.entries(files).map(([path, text]) => [path, sha256(text)] as const));
const digestOf = (files: Readonly<Record<string, string>>): string => manifestDigest(manifest(files));
const message = (fields: Partial<ConfigUpdate>): ConfigUpdate =>
  ConfigUpdate.fromPartial({ version: 7n, part: 1, parts: 1, ...fields } as never);

const both = { 'a.conf': A, 'b.conf': B };
const base = { 'a.conf': A, 'c.conf': C };
const held = {
  has: (hash: string) => hash === sha256(A),
  manifest: (digest: string) => (digest === digestOf(base) ? manifest(base) : undefined),
};
const take = (...messages: readonly ConfigUpdate[]) => {
  const assemble = createAssembler(held);
  return messages.map((one) => assemble(one, 5)).at(-1);
};
const whole = { digest: digestOf(both), files: [file('a.conf', A, null), file('b.conf', B)] };
const part = (n: number, text: string, path: string) =>
  message({ digest: digestOf(both), part: n, parts: 2, files: [file(path, text)] as never });

test('what came and what is here already is one update', () => {
  for (const given of [
    [message(whole as never)],
    [part(1, A, 'a.conf'), part(2, B, 'b.conf')],
    [
      message({
        digest: digestOf(both),
        baseDigest: digestOf(base),
        files: [file('b.conf', B)] as never,
        removedPaths: ['c.conf'],
      }),
    ],
  ]) {
    const made = take(...given);
    assert.is(made?.kind, 'update');
    assert.equal(made?.kind === 'update' && [...made.update.manifest], [...manifest(both)]);
  }
});

const refused: readonly (readonly [string, readonly ConfigUpdate[]])[] = [
  [
    'bytes that are not those of their hash',
    [message({ ...whole, files: [file('a.conf', A), file('b.conf', B, A)] } as never)],
  ],
  [
    'bytes that neither came nor are here',
    [message({ ...whole, files: [file('a.conf', A), file('b.conf', B, null)] } as never)],
  ],
  ['files that are not those of the digest', [message({ ...whole, digest: digestOf(base) } as never)]],
  [
    'a path that leaves the bundle',
    [
      message({
        digest: digestOf({ '../a.conf': A }),
        files: [file('../a.conf', A)] as never,
      }),
    ],
  ],
  ['a base that is not here', [message({ ...whole, baseDigest: digestOf(both) } as never)]],
  ['too many parts', [message({ ...whole, parts: 10_001 } as never)]],
  ['no digest', [message({ ...whole, digest: '' } as never)]],
  ['a part that skips one', [part(1, A, 'a.conf'), { ...part(3, B, 'b.conf'), parts: 3 }]],
  ['a part that comes twice', [part(1, A, 'a.conf'), { ...part(1, A, 'a.conf'), part: 3, parts: 3 }]],
  ['a part of nothing that was begun', [part(2, B, 'b.conf')]],
  ['a part of another update', [{ ...part(1, A, 'a.conf'), digest: digestOf(base) }, part(2, B, 'b.conf')]],
];
for (const [name, messages] of refused) {
  test(`refuses ${name}`, () => {
    const made = take(...messages);
    assert.is(made?.kind, 'refused');
    assert.is(made?.kind === 'refused' && made.failure.reason, 'DIGEST_MISMATCH');
  });
}

test.run();
