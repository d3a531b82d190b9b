// SPDX-License-Identifier: Apache-2.0
import { errorMessage, sha256 } from '../../kernel/index.js';
import type { ConfigUpdate } from '../../proto/index.js';
import { type Failure, failure } from '../apply/failure.js';
import type { Update } from '../apply/update.js';
import { type HostCertificate, hostCertificate } from '../state/certificates.js';
import { isBundlePath, isSha256, type Manifest, manifestDigest, manifestOf } from '../state/manifest.js';

/** What came of one message: nothing yet, a verified update, or why it cannot be used. */
export type Assembled =
  | { readonly kind: 'more' }
  | { readonly kind: 'update'; readonly update: Update }
  | {
      readonly kind: 'refused';
      readonly digest: string;
      readonly version: bigint;
      readonly failure: Failure;
    };

/** What the agent has already. */
export interface Held {
  has(hash: string): boolean;
  manifest(digest: string): Manifest | undefined;
}

interface Parts {
  readonly first: ConfigUpdate;
  readonly receivedAt: number;
  readonly files: Map<string, string>;
  readonly contents: Map<string, Uint8Array>;
  readonly removed: string[];
  readonly certificates: HostCertificate[];
  next: number;
  bytes: number;
}

const MOST_FILES = 200_000;
const MOST_BYTES = 256 * 1024 * 1024;
const MOST_PARTS = 10_000;

/**
 * Puts the parts of an update together and verifies it: every file against its hash, the whole against its digest.
 * One update at a time: the first part of another ends what was begun.
 */
export function createAssembler(held: Held): (update: ConfigUpdate, receivedAt: number) => Assembled {
  let begun: Parts | undefined;
  return (update, receivedAt) => {
    const digest = update.digest || update.configId;
    const refused = (error: unknown): Assembled => {
      begun = undefined;
      const why = failure('DIGEST_MISMATCH', errorMessage(error));
      return { kind: 'refused', digest, version: update.version, failure: why };
    };
    try {
      if (update.part <= 1) {
        begun = begin(update, digest, receivedAt);
      } else if (begun === undefined || digest !== begun.first.digest || update.part !== begun.next) {
        throw new Error(`part ${update.part} of ${update.parts} does not follow`);
      }
      take(begun, update);
      if (update.part < update.parts) {
        begun.next += 1;
        return { kind: 'more' };
      }
      const done = begun;
      begun = undefined;
      return { kind: 'update', update: verify(held, done, digest) };
    } catch (error) {
      return refused(error);
    }
  };
}

function begin(update: ConfigUpdate, digest: string, receivedAt: number): Parts {
  if (
    !isSha256(digest) ||
    update.parts > MOST_PARTS ||
    (update.baseDigest !== '' && !isSha256(update.baseDigest))
  ) {
    throw new Error('the update has no digest, a wrong base or too many parts');
  }
  return {
    first: { ...update, digest },
    receivedAt,
    files: new Map(),
    contents: new Map(),
    removed: [],
    certificates: [],
    next: 1,
    bytes: 0,
  };
}

function take(parts: Parts, update: ConfigUpdate): void {
  for (const { path, sha256: hash, content } of update.files) {
    if (!isBundlePath(path) || !isSha256(hash)) {
      throw new Error('a file of the update has no proper path or hash');
    }
    if (content !== undefined && sha256(content) !== hash) {
      throw new Error(`the bytes of ${path} are not those of its hash`);
    }
    parts.files.set(path, hash);
    if (content !== undefined) {
      parts.contents.set(hash, content);
      parts.bytes += content.length;
    }
  }
  parts.removed.push(...update.removedPaths);
  for (const certificate of Object.values(update.certificates)) {
    parts.certificates.push(hostCertificate(certificate.certificatePem, certificate.privateKeyPem));
  }
  if (parts.files.size + parts.removed.length > MOST_FILES || parts.bytes > MOST_BYTES) {
    throw new Error('the update is too large');
  }
}

function verify(held: Held, parts: Parts, digest: string): Update {
  const { baseDigest, version } = parts.first;
  const base = baseDigest === '' ? new Map<string, string>() : held.manifest(baseDigest);
  if (base === undefined) {
    throw new Error('the update changes a bundle that is not here');
  }
  const merged = new Map([...base, ...parts.files]);
  for (const path of parts.removed) {
    merged.delete(path);
  }
  const manifest = manifestOf(merged);
  for (const [path, hash] of manifest) {
    if (!parts.contents.has(hash) && !held.has(hash)) {
      throw new Error(`the bytes of ${path} did not come and are not here`);
    }
  }
  if (manifestDigest(manifest) !== digest) {
    throw new Error('the files of the update are not those of its digest');
  }
  const { contents, certificates, receivedAt } = parts;
  return { digest, version, manifest, contents, certificates, receivedAt };
}
