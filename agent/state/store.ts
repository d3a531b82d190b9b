import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { sha256 } from '../../kernel/index.js';
import { type Failpoint, noFailpoint } from '../failpoint.js';
import { fsyncPath, replaceLink, writeSynced } from './durable.js';
import type { Layout } from './layout.js';
import { isBundlePath, isSha256, type Manifest, manifestDigest, manifestOf } from './manifest.js';

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
  /** Makes the bytes durable. `contents`: hash → bytes, which the caller has verified. */
  putFiles(contents: ReadonlyMap<string, Uint8Array>): void;
  /** Makes a bundle durable; `heads` are its own files by name, such as `nginx.conf`. One that is linked is left as it is. */
  putBundle(digest: string, manifest: Manifest, heads: Readonly<Record<string, string>>): void;
  folder(digest: string): string;
  /** The manifest of a bundle whose every file is there; undefined if it is not whole. */
  manifest(digest: string): Manifest | undefined;
  current(): string | undefined;
  lastGood(): string | undefined;
  link(digest: string): void;
  /** Links the last good bundle again, even on a full disk. */
  linkBack(): void;
  unlink(): void;
  markGood(digest: string): void;
  /** Bytes of a bundle's file by hash. */
  read(hash: string): Buffer;
  /** Removes bundles and files that are no longer kept: the linked, the last good and the newest stay. */
  collect(): void;
}

/** Opens the store: what a crash left half-made is removed, and every file whose bytes are not its name's. */
export function openStore(layout: Layout, failpoint: Failpoint = noFailpoint): BundleStore {
  const files = new Set<string>();
  for (const name of readdirSync(layout.files)) {
    const path = join(layout.files, name);
    if (isSha256(name) && sha256(readFileSync(path)) === name) {
      files.add(name);
    } else {
      rmSync(path, { force: true, recursive: true });
    }
  }
  /** Digests, oldest first. */
  const bundles: string[] = [];
  const made = new Map<string, number>();
  for (const name of readdirSync(layout.bundles)) {
    const path = join(layout.bundles, name);
    if (isSha256(name) || name === EMPTY) {
      made.set(name, statSync(path).mtimeMs);
      bundles.push(name);
    } else {
      rmSync(path, { force: true, recursive: true });
    }
  }
  bundles.sort((a, b) => (made.get(a) ?? 0) - (made.get(b) ?? 0));

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

  let good = target(layout.lastGood);
  const linked = (): Set<string> =>
    new Set([target(layout.current), good].filter((one) => one !== undefined));

  const store: BundleStore = {
    has: (hash) => files.has(hash),
    held: () => [...files].sort(),
    putFiles: (contents) => {
      const missing = [...contents].filter(([hash]) => !files.has(hash));
      for (const [hash, bytes] of missing) {
        const path = join(layout.files, hash);
        orRemove(`${path}.next`, (next) => {
          writeSynced(next, bytes);
          failpoint('file-written');
          renameSync(next, path);
        });
      }
      failpoint('files-renamed');
      if (missing.length > 0) {
        fsyncPath(layout.files);
      }
      for (const [hash] of missing) {
        files.add(hash);
      }
    },
    putBundle: (digest, entries, heads) => {
      if (linked().has(digest)) {
        return;
      }
      orRemove(`${folder(digest)}.next`, (next) => {
        rmSync(next, { recursive: true, force: true });
        mkdirSync(next, { mode: 0o700 });
        writeSynced(join(next, 'manifest.json'), JSON.stringify([...entries]));
        for (const [name, text] of Object.entries(heads)) {
          writeSynced(join(next, name), text);
        }
        symlinkSync('../../certificates', join(next, 'certificates'));
        failpoint('bundle-written');
        fsyncPath(next);
        rmSync(folder(digest), { recursive: true, force: true });
        renameSync(next, folder(digest));
        failpoint('bundle-renamed');
        fsyncPath(layout.bundles);
      });
      manifests.set(digest, entries);
      forget(bundles, digest);
      bundles.push(digest);
    },
    folder,
    manifest,
    current: () => target(layout.current),
    lastGood: () => good,
    link: (digest) => replaceLink(layout.current, join('bundles', digest)),
    linkBack: () => {
      try {
        replaceLink(layout.current, join('bundles', good ?? ''));
      } catch {
        // A full disk has no room for a new link: the other one, which points there, takes its place.
        renameSync(layout.lastGood, layout.current);
      }
    },
    unlink: () => {
      rmSync(layout.current, { force: true });
      fsyncPath(layout.root);
    },
    markGood: (digest) => {
      replaceLink(layout.lastGood, join('bundles', digest));
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

/** Stands for "nothing yet" where a running nginx includes our file before the first bundle has come. */
export const EMPTY = 'empty';

/** What a full disk leaves half-made takes room that somebody needs. */
function orRemove(next: string, make: (next: string) => void): void {
  try {
    make(next);
  } catch (error) {
    rmSync(next, { recursive: true, force: true });
    throw error;
  }
}

function forget(list: string[], item: string): void {
  const index = list.indexOf(item);
  if (index !== -1) {
    list.splice(index, 1);
  }
}

function target(link: string): string | undefined {
  try {
    const digest = basename(readlinkSync(link));
    return existsSync(link) ? digest : undefined;
  } catch {
    return undefined;
  }
}

function readManifest(path: string, digest: string): Manifest | undefined {
  try {
    const entries = JSON.parse(readFileSync(path, 'utf8')) as [string, string][];
    const manifest = manifestOf(entries);
    const sound = [...manifest].every(([name, hash]) => isBundlePath(name) && isSha256(hash));
    return sound && manifestDigest(manifest) === digest ? manifest : undefined;
  } catch {
    return undefined;
  }
}
