// SPDX-License-Identifier: Apache-2.0
/**
 * What the first start makes and every later one finds: the administrator, the keys of tokens and of the certificate
 * authority. Several processes may start at once: one of them makes, the others wait for it.
 */
import { createHmac } from 'node:crypto';
import { openAuthority } from '../agent-gateway/index.js';
import {
  type PersonalRecords,
  personalRecords,
  type RefreshTokens,
  refreshTokens,
  vaultKey,
} from '../commands/index.js';
import { type Clock, type Random, Secret, type Timers } from '../kernel/index.js';
import type { AuditSigner } from '../read-api/index.js';
import type { ReadStore } from '../read-store/index.js';
import type { Vault } from '../vault/index.js';
import { auditSigner } from './audit-signing.js';
import type { Exclusively } from './exclusively.js';
import { type SigningKeys, signingKeys } from './signing-keys.js';

export interface FirstKeys {
  /** P-256: access tokens are signed with them. */
  readonly signing: SigningKeys;
  readonly personal: PersonalRecords;
  readonly refreshTokens: RefreshTokens;
  /** The 256 bits of an API key that a command makes. */
  readonly apiKeySecret: (commandId: string) => Secret<Buffer>;
  /** SHA-256 of the authority's certificate (DER): agents know the gateway by it. */
  readonly authoritySha256: string;
  /** The one-time secret of an enrolment. */
  readonly tokenSecret: (commandId: string) => Secret<Buffer>;
  /** Signs what the audit was. */
  readonly audit: AuditSigner;
}

interface Deps {
  readonly readStore: ReadStore;
  readonly vault: Vault;
  readonly owner: string;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly exclusively: Exclusively;
}

const LEASE = 'first-start';
const LEASE_MS = 30_000;
const LOOK_AGAIN_MS = 100;

/** Makes what is missing, and lets `then` do what only the first of several processes may do. */
export async function firstKeys<T>(
  { readStore, vault, owner, timers, random, clock, exclusively }: Deps,
  then: (keys: FirstKeys) => Promise<T>,
): Promise<{ keys: FirstKeys; made: T }> {
  let lease = await readStore.acquireLease(LEASE, owner, LEASE_MS);
  while (!lease) {
    await timers.sleep(LOOK_AGAIN_MS);
    lease = await readStore.acquireLease(LEASE, owner, LEASE_MS);
  }
  try {
    const tokenKey = await vaultKey(vault, 'agents/token-key', random);
    const apiKeyKey = await vaultKey(vault, 'identity/api-key-key', random);
    const authority = await openAuthority({ vault, clock, random });
    const derived = (key: Secret<Buffer>) => (commandId: string) =>
      new Secret(createHmac('sha256', key.reveal()).update(commandId).digest());
    const keys = {
      signing: await signingKeys({ vault, clock, exclusively }),
      personal: await personalRecords({ vault, random }),
      refreshTokens: refreshTokens(await vaultKey(vault, 'identity/refresh-key', random)),
      audit: await auditSigner(vault),
      authoritySha256: authority.sha256,
      tokenSecret: derived(tokenKey),
      apiKeySecret: derived(apiKeyKey),
    };
    return { keys, made: await then(keys) };
  } finally {
    await readStore.releaseLease(lease);
  }
}
