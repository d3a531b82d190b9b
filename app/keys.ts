import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { Secret } from '../kernel/index.js';
import type { Vault } from '../vault/index.js';

const ID = 'http/signing-key';

export interface SigningKey {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

/** The P-256 key that access tokens are signed with, made at the first start and kept in the vault. */
export async function signingKey(vault: Vault): Promise<SigningKey> {
  const stored = await vault.get(ID);
  const pem = stored ?? new Secret(newKey());
  if (!stored) {
    await vault.put(ID, pem);
  }
  const privateKey = createPrivateKey(pem.reveal());
  return { privateKey, publicKey: createPublicKey(privateKey) };
}

function newKey(): Buffer {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return Buffer.from(privateKey.export({ type: 'pkcs8', format: 'pem' }));
}
