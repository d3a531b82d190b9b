// SPDX-License-Identifier: Apache-2.0
import { generateKeyPairSync } from 'node:crypto';
import { auditKeyId, type SignedCheckpoint, signCheckpoint } from '../domain/index.js';
import type { AuditDeps } from './audit/index.js';

export const AUDIT_KEYS = generateKeyPairSync('ed25519');

/** An audit that signs with a key of the test; addresses are sealed as `sealed:<address>`. */
export const auditDeps = (checkpoints: readonly SignedCheckpoint[] = []): AuditDeps => ({
  openAddress: async (sealed) => (sealed.startsWith('sealed:') ? sealed.slice(7) : null),
  checkpoints: async function* (chain) {
    yield* checkpoints.filter((one) => one.chain === chain);
  },
  signer: {
    keyId: auditKeyId(AUDIT_KEYS.publicKey),
    publicKey: String(AUDIT_KEYS.publicKey.export({ type: 'spki', format: 'pem' })),
    sign: (checkpoint) => signCheckpoint(checkpoint, AUDIT_KEYS.privateKey),
  },
  now: () => '2026-02-01T10:00:00.000Z',
});
