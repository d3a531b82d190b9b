// SPDX-License-Identifier: Apache-2.0
/**
 * The audit's hash chain: each record of an organization holds the hash over itself and the one before it, so that none
 * can be altered, left out or put in without every later hash being another. One chain an organization, so that its
 * export can be checked by itself; one more for what belongs to the whole installation.
 */
import { createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { canonicalJson, sha256 } from '../../kernel/index.js';

/** The chain of users, sessions and whatever else belongs to no organization. */
export const INSTALLATION = 'installation';

/** What the first record of a chain follows. */
export const NOTHING = '0'.repeat(64);

/** SHA-256 over the hash before it and the canonical JSON of the record. */
export const chainHash = (previous: string, record: object): string =>
  sha256(`${previous}\n${canonicalJson(record)}`);

/** That a chain had this hash at this number at this time: what a checkpoint signs. */
export interface Checkpoint {
  /** An organization's id, or `installation`. */
  readonly chain: string;
  /** Number of the last record that it covers, from 1. */
  readonly number: number;
  readonly hash: string;
  /** RFC 3339. */
  readonly at: string;
  /** At the end of an export: SHA-256 over the text of all lines before it, so that nothing of them can be altered. */
  readonly export_sha256?: string;
}

export interface SignedCheckpoint extends Checkpoint {
  readonly key_id: string;
  /** Ed25519 over the canonical JSON of the checkpoint, in base64url. */
  readonly signature: string;
}

const payload = ({ chain, number, hash, at, export_sha256 }: Checkpoint): Buffer =>
  Buffer.from(canonicalJson({ audit_checkpoint: { chain, number, hash, at, export_sha256 } }));

/** The start of the SHA-256 over the public key. */
export const auditKeyId = (publicKey: KeyObject): string =>
  sha256(publicKey.export({ type: 'spki', format: 'der' })).slice(0, 32);

export function signCheckpoint(checkpoint: Checkpoint, privateKey: KeyObject): SignedCheckpoint {
  return {
    ...checkpoint,
    key_id: auditKeyId(createPublicKey(privateKey)),
    signature: sign(null, payload(checkpoint), privateKey).toString('base64url'),
  };
}

export const isSignedBy = (checkpoint: SignedCheckpoint, publicKey: KeyObject): boolean =>
  verify(null, payload(checkpoint), publicKey, Buffer.from(checkpoint.signature, 'base64url'));
