// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Failpoint, noFailpoint } from '../failpoint.js';
import { fsyncPath, placeFile, replaceLink } from './durable.js';
import type { Layout } from './layout.js';
import type { Manifest } from './manifest.js';
import { linkedDigest, readManifest, scanBundles, scanFiles } from './scan.js';

/** How many bundles stay, the linked one and the last good among them. */
const KEPT_BUNDLES = 3;

/**
 * Bundles on the disk. Bytes stand once, under their SHA-256; a bundle is a manifest and the few files that nginx opens
 * first, which include the others by hash. So a change costs the same number of file operations however many hosts
 * there are. Nothing is altered after it has its name. Errors of the disk come out as Node's, with `code`.
 */
export interface BundleStore {
  has(hash: string): boolean;
  held(): readonly string[];
  /** Places files. `contents`: hash → bytes, which the caller has verified. Returns what is to be flushed. */
  putFiles(contents: ReadonlyMap<string, Uint8Array>): readonly string[];
  /**
   * Places a bundle; `heads` are its own files by name, such as `nginx.conf`. One that is linked is left as it is.
   * Returns what is to be flushed before it is linked.
   */
  putBundle(digest: string, manifest: Manifest, heads: Readonly<Record<string, string>>): readonly string[];
  folder(digest: string): string;
  /** The manifest of a bundle whose every file is there; undefined if it is not whole. */
  manifest(digest: string): Manifest | undefined;
  current(): string | undefined;
  lastGood(): string | undefined;
  /** From here on nginx would read this bundle. Not durable before `markGood` or `linkBack`: either link is a good one. */
  link(digest: string): void;
  /** Links the last good bundle again, even on a full disk. */
  linkBack(): void;
  unlink(): void;
  /** The linked bundle, or the one that is to be linked again, is the one to go back to; durable on return. */
  markGood(digest: string): void;
  /** Bytes of a bundle's file by hash. */
  read(hash: string): Buffer;
  /** Removes bundles and files that are no longer kept: the linked, the last good and the newest stay. */
  collect(): void;
}

/** Opens the store: what a crash left half-made is removed, and every file whose bytes are not its name's. */
export function openStore(layout: Layout, failpoint: Failpoint = noFailpoint): BundleStore {
  const files = scanFiles(layout.files);
  /** Oldest first. */
  const bundles = scanBundles(layout.bundles);
  const folder = (digest: string): string => join(layout.bundles, digest);
  const manifests = new Map<string, Manifest>();

  const manifest = (digest: string): Manifest | undefined => {
    const known = manifests.get(digest) ?? readManifest(join(folder(digest), 'manifest.json'), digest);
    if (known === undefined) {
      return undefined;
    }
    manifests.set(digest, known);
    for (const hash of known.values()) {
      if (!files.has(hash)) {
        return undefined;
      }
    }
    return known;
  };

  let good = linkedDigest(layout.lastGood);
  const linked = (): Set<string> =>
    new Set([linkedDigest(layout.current), good].filter((one) => one !== undefined));

  const store: BundleStore = {
    has: (hash) => files.has(hash),
    held: () => [...files].sort(),
    putFiles: (contents) => {
      const placed: string[] = [];
      for (const [hash, bytes] of contents) {
        if (!files.has(hash)) {
          const path = join(layout.files, hash);
          placeFile(path, bytes);
          failpoint('file-placed');
          placed.push(path);
          files.add(hash);
        }
      }
      return placed.length > 0 ? [...placed, layout.files] : [];
    },
    putBundle: (digest, entries, heads) => {
      if (linked().has(digest)) {
        return [];
      }
      const next = `${folder(digest)}.next`;
      const own = { ...heads, 'manifest.json': JSON.stringify([...entries]) };
      try {
        rmSync(next, { recursive: true, force: true });
        mkdirSync(next, { mode: 0o700 });
        for (const [name, text] of Object.entries(own)) {
          writeFileSync(join(next, name), text, { mode: 0o600 });
        }
        symlinkSync('../../certificates', join(next, 'certificates'));
        failpoint('bundle-written');
        rmSync(folder(digest), { recursive: true, force: true });
        renameSync(next, folder(digest));
        failpoint('bundle-placed');
      } catch (error) {
        rmSync(next, { recursive: true, force: true });
        throw error;
      }
      manifests.set(digest, entries);
      forget(bundles, digest);
      bundles.push(digest);
      return [...Object.keys(own).map((name) => join(folder(digest), name)), folder(digest), layout.bundles];
    },
    folder,
    manifest,
    current: () => linkedDigest(layout.current),
    lastGood: () => good,
    link: (digest) => replaceLink(layout.current, join('bundles', digest)),
    linkBack: () => {
      try {
        replaceLink(layout.current, join('bundles', good ?? ''));
      } catch {
        // A full disk has no room for a new link: the other one, which points there, takes its place.
        renameSync(layout.lastGood, layout.current);
      }
      fsyncPath(layout.root);
    },
    unlink: () => {
      rmSync(layout.current, { force: true });
      fsyncPath(layout.root);
    },
    markGood: (digest) => {
      replaceLink(layout.lastGood, join('bundles', digest));
      // Both links stand in this folder: one flush for what is linked and what is good.
      fsyncPath(layout.root);
      good = digest;
    },
    read: (hash) => readFileSync(join(layout.files, hash)),
    collect: () => {
      const kept = linked();
      for (const digest of bundles.filter((one) => !kept.has(one)).slice(kept.size - KEPT_BUNDLES)) {
        kept.add(digest);
      }
      const gone = bundles.filter((one) => !kept.has(one));
      const needed = new Set([...kept].flatMap((one) => [...(manifest(one)?.values() ?? [])]));
      for (const digest of gone) {
        rmSync(folder(digest), { recursive: true, force: true });
        forget(bundles, digest);
        manifests.delete(digest);
      }
      for (const hash of files) {
        if (!needed.has(hash)) {
          rmSync(join(layout.files, hash), { force: true });
          files.delete(hash);
        }
      }
    },
  };
  return store;
}

function forget(list: string[], item: string): void {
  const index = list.indexOf(item);
  if (index !== -1) {
    list.splice(index, 1);
  }
}
