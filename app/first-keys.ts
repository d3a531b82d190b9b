// SPDX-License-Identifier: Apache-2.0
/**
 * What the first start makes and every later one finds: the administrator, the keys of tokens and of the certificate
 * authority. Several processes may start at once: one of them makes, the others wait for it.
 */
import {
  createHmac,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto';
import { openAuthority } from '../agent-gateway/index.js';
import { type Handlers, type Identity, identity, passwords, vaultKey } from '../commands/index.js';
import { type Clock, type Random, Secret, type Timers } from '../kernel/index.js';
import type { AuditSigner } from '../read-api/index.js';
import type { ReadStore } from '../read-store/index.js';
import type { Vault } from '../vault/index.js';
import { auditSigner } from './audit-signing.js';
import type { ServeSettings } from './settings.js';

export interface FirstKeys {
  /** P-256: access tokens are signed with it. */
  readonly signing: { readonly privateKey: KeyObject; readonly publicKey: KeyObject };
  /** SHA-256 of the authority's certificate (DER): agents know the gateway by it. */
  readonly authoritySha256: string;
  /** The one-time secret of an enrolment. */
  readonly tokenSecret: (commandId: string) => Secret<Buffer>;
  /** Signs what the audit was. */
  readonly audit: AuditSigner;
  /** The first administrator's password, when this start has made one. */
  readonly madePassword: Secret | undefined;
}

interface Deps {
  readonly handlers: Handlers;
  readonly readStore: ReadStore;
  readonly vault: Vault;
  readonly owner: string;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
}

const LEASE = 'first-start';
const LEASE_MS = 30_000;
const LOOK_AGAIN_MS = 100;
const SIGNING_KEY = 'http/signing-key';

export async function firstKeys(
  settings: ServeSettings,
  deps: Deps,
): Promise<{ users: Identity; keys: FirstKeys }> {
  const { readStore, vault, owner, timers, random, clock } = deps;
  let lease = await readStore.acquireLease(LEASE, owner, LEASE_MS);
  while (!lease) {
    await timers.sleep(LOOK_AGAIN_MS);
    lease = await readStore.acquireLease(LEASE, owner, LEASE_MS);
  }
  try {
    const users = await identity({ ...deps, passwords: passwords() });
    const madePassword = await firstAdministrator(users, settings, random);
    const tokenKey = await vaultKey(vault, 'agents/token-key', random);
    const authority = await openAuthority({ vault, clock, random });
    return {
      users,
      keys: {
        signing: await signingKey(vault),
        audit: await auditSigner(vault),
        authoritySha256: authority.sha256,
        tokenSecret: (commandId) =>
          new Secret(createHmac('sha256', tokenKey.reveal()).update(commandId).digest()),
        madePassword,
      },
    };
  } finally {
    await readStore.releaseLease(lease);
  }
}

/** Makes the first administrator where there is none; gives the password if it had to make one. */
async function firstAdministrator(
  users: Identity,
  { adminEmail, adminPassword }: ServeSettings,
  random: Random,
): Promise<Secret | undefined> {
  const password = adminPassword ?? new Secret(random.bytes(18).toString('base64url'));
  const made = await users.ensureAdmin(adminEmail, password);
  return made && adminPassword === undefined ? password : undefined;
}

async function signingKey(vault: Vault): Promise<FirstKeys['signing']> {
  let pem = await vault.get(SIGNING_KEY);
  if (!pem) {
    const made = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    pem = new Secret(Buffer.from(made.export({ type: 'pkcs8', format: 'pem' })));
    await vault.put(SIGNING_KEY, pem);
  }
  const privateKey = createPrivateKey(pem.reveal());
  return { privateKey, publicKey: createPublicKey(privateKey) };
}
