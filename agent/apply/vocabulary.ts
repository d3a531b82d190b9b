// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Layout } from '../state/layout.js';
import type { BundleStore } from '../state/store.js';
import type { Vocabulary } from './words.js';

/** The words of a staged bundle; its files are read only when somebody asks. */
export function vocabularyOf(
  { layout, store }: { layout: Layout; store: BundleStore },
  digest: string,
): Vocabulary {
  let text: string | undefined;
  const paths = new Map([...(store.manifest(digest) ?? [])].map(([path, hash]) => [hash, path]));
  const read = (): string => {
    const folder = store.folder(digest);
    const heads = readdirSync(folder).filter((name) => name.endsWith('.conf'));
    return [
      ...heads.map((name) => readFileSync(join(folder, name), 'utf8')),
      ...[...paths.keys()].map((hash) => store.read(hash).toString('utf8')),
    ].join('\n');
  };
  return {
    root: layout.root,
    bundlePath: (hash) => paths.get(hash),
    stands: (token) => {
      text ??= read();
      return text.includes(token);
    },
  };
}
