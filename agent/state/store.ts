// SPDX-License-Identifier: Apache-2.0
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type Failpoint, noFailpoint } from '../failpoint.js';
import { fsyncPath, placeFile, replaceLink } from './durable.js';
import type { Layout } from './layout.js';
import type { Manifest } from './manifest.js';
import { isWhole, linkedDigest, readManifest, scanBundles, scanFiles } from './scan.js';

/** How many bundles stay, the linked one and the last good among them. */
const KEPT_BUNDLES = 3;
const COPY = 'copy';

/**
 * Bundles on the disk. Bytes stand once, under their SHA-256; a bundle is a manifest and the few files that nginx opens
 * first, which include the others by hash. So a change costs the same number of file operations however many hosts
 * there are. Nothing is altered after it has its name. Errors of the disk come out as Node's, with `code`.
 */
export interface BundleStore {
  has(hash: string): boolean;
  held(): readonly string[];
  /** Places files. `contents`: hash → bytes, which the caller has verified. */
  putFiles(contents: ReadonlyMap<string, Uint8Array>): void;
  /**
   * Places a bundle; `heads` are its own files by name, such as `nginx.conf`. One that is linked is left as it is.
   * Returns what is to be flushed before it is linked, files that were placed for it or for another among it.
   */
  putBundle(digest: string, manifest: Manifest, heads: Readonly<Record<string, string>>): readonly string[];
  /** The files of this manifest have been flushed. */
  flushed(manifest: Manifest): void;
  /** A disk that has refused a flush may have lost what it was given: files that are not known to be durable are not held. */
  distrust(): void;
  /** Reads the files of this manifest; those that are not what their names say are held no longer. Whether there were any. */
  dropDamaged(manifest: Manifest): boolean;
  folder(digest: string): string;
  /** The manifest of a bundle whose every file is there; undefined if it is not whole. */
  manifest(digest: string): Manifest | undefined;
  current(): string | undefined;
  lastGood(): string | undefined;
  /** From here on nginx would read this bundle. Not durable before `markGood` or `linkBack`: either link is a good one. */
  link(digest: string): void;
  /** Links a copy of what is linked, its own files changed. It is no bundle: another link ends it, and so does a start. */
  linkCopy(change: (text: string) => string): void;
  /** Links the last good bundle again, even on a full disk. */
  linkBack(): void;
  unlink(): void;
  /** The linked bundle, or the one that is to be linked again, is the one to go back to; durable on return. */
  markGood(digest: string): void;
  /** Bytes of a bundle's file by hash. */
  read(hash: string): Buffer;
  /** Removes bundles and files that are no longer kept: the linked, the last good and the newest stay, and `needed` files. */
  collect(needed?: Iterable<string>): void;
}

/** Opens the store: what a crash left half-made is removed, and every file whose bytes are not its name's. */
export function openStore(layout: Layout, failpoint: Failpoint = noFailpoint): BundleStore {
  const files = scanFiles(layout.files);
  /** Oldest first. */
  const bundles = scanBundles(layout.bundles);
  const folder = (digest: string): string => join(layout.bundles, digest);
  const manifests = new Map<string, Manifest>();

  /** The manifest of a bundle, whether or not its files are there. */
  const listed = (digest: string): Manifest | undefined => {
    const known = manifests.get(digest) ?? readManifest(join(folder(digest), 'manifest.json'), digest);
    if (known !== undefined) {
      manifests.set(digest, known);
    }
    return known;
  };
  const manifest = (digest: string): Manifest | undefined => {
    const known = listed(digest);
    return [...(known?.values() ?? [])].every((hash) => files.has(hash)) ? known : undefined;
  };

  let good = linkedDigest(layout.lastGood);
  const linked = (): Set<string> =>
    new Set([linkedDigest(layout.current), good].filter((one) => one !== undefined));

  const inUse = (): Set<string> =>
    new Set([...linked()].flatMap((digest) => [...(listed(digest)?.values() ?? [])]));
  /** Files that a loss of power may take: a process that was killed may not have come to flush what it had placed. */
  const flushedThen = inUse();
  const loose = new Set([...files].filter((hash) => !flushedThen.has(hash)));
  const drop = (hash: string): void => {
    rmSync(join(layout.files, hash), { force: true });
    files.delete(hash);
    loose.delete(hash);
  };

  const store: BundleStore = {
    has: (hash) => files.has(hash),
    held: () => [...files].sort(),
    putFiles: (contents) => {
      for (const [hash, bytes] of contents) {
        if (!files.has(hash)) {
          placeFile(join(layout.files, hash), bytes);
          failpoint('file-placed');
          files.add(hash);
          loose.add(hash);
        }
      }
    },
    putBundle: (digest, entries, heads) => {
      const placed = [...new Set(entries.values())].filter((hash) => loose.has(hash));
      const toFlush =
        placed.length > 0 ? [...placed.map((hash) => join(layout.files, hash)), layout.files] : [];
      if (linked().has(digest)) {
        return toFlush;
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
      const ownPaths = Object.keys(own).map((name) => join(folder(digest), name));
      return [...toFlush, ...ownPaths, folder(digest), layout.bundles];
    },
    flushed: (entries) => {
      for (const hash of entries.values()) {
        loose.delete(hash);
      }
    },
    distrust: () => {
      const kept = inUse();
      for (const hash of [...loose].filter((one) => !kept.has(one))) {
        drop(hash);
      }
    },
    dropDamaged: (entries) => {
      const damaged = [...new Set(entries.values())].filter(
        (hash) => !files.has(hash) || !isWhole(layout.files, hash),
      );
      for (const hash of damaged) {
        drop(hash);
      }
      return damaged.length > 0;
    },
    folder,
    manifest,
    current: () => linkedDigest(layout.current),
    lastGood: () => good,
    link: (digest) => replaceLink(layout.current, join('bundles', digest)),
    linkCopy: (change) => {
      const copy = folder(COPY);
      rmSync(copy, { recursive: true, force: true });
      mkdirSync(copy, { mode: 0o700 });
      for (const name of readdirSync(layout.current).filter((one) => one.endsWith('.conf'))) {
        writeFileSync(join(copy, name), change(readFileSync(join(layout.current, name), 'utf8')), {
          mode: 0o600,
        });
      }
      symlinkSync('../../certificates', join(copy, 'certificates'));
      replaceLink(layout.current, join('bundles', COPY));
      failpoint('copy-linked');
    },
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
    collect: (alsoNeeded = []) => {
      const kept = linked();
      for (const digest of bundles.filter((one) => !kept.has(one)).slice(kept.size - KEPT_BUNDLES)) {
        kept.add(digest);
      }
      const gone = bundles.filter((one) => !kept.has(one));
      const needed = new Set([
        ...[...kept].flatMap((one) => [...(manifest(one)?.values() ?? [])]),
        ...alsoNeeded,
      ]);
      for (const digest of gone) {
        rmSync(folder(digest), { recursive: true, force: true });
        forget(bundles, digest);
        manifests.delete(digest);
      }
      for (const hash of files) {
        if (!needed.has(hash)) {
          drop(hash);
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
