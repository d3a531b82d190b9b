// SPDX-License-Identifier: Apache-2.0
/**
 * The keys that access tokens are signed with, in the vault where every process reads them. A new one is published
 * before it signs, so that whoever verifies knows it by then; an old one verifies until its last token is over.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { ACCESS_TOKEN_SECONDS, keyId, type SigningKey } from '../http/index.js';
import { type Clock, conflict, invariant, Secret } from '../kernel/index.js';
import type { Vault } from '../vault/index.js';
import type { Exclusively } from './exclusively.js';

const RING = 'http/signing-keys';
/** The one key of the first version. */
const FIRST = 'http/signing-key';

/** How long a key is published before it signs: longer than any process goes without reading the ring. */
export const PUBLISH_MS = 60_000;
export const READ_AGAIN_MS = 20_000;
/** An unknown name makes us look again, but not for everybody who thinks one up. */
const LOOK_MS = 1_000;
const MAX_KEYS = 32;
const GRACE_MS = (ACCESS_TOKEN_SECONDS + 60) * 1000;

interface Kept {
  readonly kid: string;
  readonly pem: string;
  /** When it begins to sign, in milliseconds since 1970. */
  readonly signsFrom: number;
}

interface RingKey extends SigningKey {
  readonly publicKey: KeyObject;
  readonly signsFrom: number;
}

export interface SigningKeys {
  /** The one that signs now. */
  signer(): SigningKey;
  find(kid: string): Promise<KeyObject | undefined>;
  /** Public halves (RFC 7517). */
  published(): readonly Record<string, unknown>[];
  /** Adds a key; gives its name and when it begins to sign. */
  rotate(): Promise<{ readonly kid: string; readonly signsFrom: number }>;
  /** Reads the ring again. */
  refresh(): Promise<void>;
}

interface Deps {
  readonly vault: Vault;
  readonly clock: Clock;
  readonly exclusively: Exclusively;
  readonly publishMs?: number;
}

export async function signingKeys({
  vault,
  clock,
  exclusively,
  publishMs = PUBLISH_MS,
}: Deps): Promise<SigningKeys> {
  let ring: readonly RingKey[] = [];
  let lookedAt = -LOOK_MS;
  let looking: Promise<void> | undefined;

  async function read(): Promise<Kept[]> {
    const text = await vault.get(RING);
    return text ? (JSON.parse(text.reveal().toString()) as Kept[]) : [];
  }

  const open = ({ kid, pem, signsFrom }: Kept): RingKey => {
    const privateKey = createPrivateKey(pem);
    return { kid, privateKey, publicKey: createPublicKey(privateKey), signsFrom };
  };

  async function write(keys: readonly Kept[]): Promise<void> {
    await vault.put(RING, new Secret(Buffer.from(JSON.stringify(keys))));
    ring = keys.map(open);
  }

  function refresh(): Promise<void> {
    looking ??= (async () => {
      lookedAt = clock.monotonic();
      const known = new Map(ring.map((key) => [key.kid, key]));
      ring = (await read()).map((kept) => known.get(kept.kid) ?? open(kept));
    })().finally(() => {
      looking = undefined;
    });
    return looking;
  }

  /** A key is needed while it signs, and until the last token that it signed is over. */
  const needed = (keys: readonly Kept[]): Kept[] =>
    keys.filter((_, at) => (keys[at + 1]?.signsFrom ?? Number.POSITIVE_INFINITY) + GRACE_MS > clock.now());

  await exclusively('signing-keys', async () => {
    const keys = await read();
    if (keys.length === 0) {
      const first = await vault.get(FIRST);
      await write([first ? kept(first.reveal().toString(), 0) : kept(newPem(), 0)]);
    } else {
      ring = keys.map(open);
    }
  });

  return {
    refresh,
    signer: () => {
      const now = clock.now();
      const signing = ring.findLast(({ signsFrom }) => signsFrom <= now) ?? ring[0];
      invariant(signing, 'there is a signing key');
      return signing;
    },
    find: async (kid) => {
      const known = () => ring.find((key) => key.kid === kid)?.publicKey;
      if (!known() && (looking || clock.monotonic() - lookedAt >= LOOK_MS)) {
        await refresh();
      }
      return known();
    },
    published: () =>
      ring.map(({ kid, publicKey }) => ({
        ...publicKey.export({ format: 'jwk' }),
        kid,
        alg: 'ES256',
        use: 'sig',
      })),
    rotate: () =>
      exclusively('signing-keys', async () => {
        const keys = needed(await read());
        if (keys.length >= MAX_KEYS) {
          throw conflict('So many keys were added lately that no more can be published');
        }
        const last = keys.at(-1)?.signsFrom ?? 0;
        const made = kept(newPem(), Math.max(clock.now() + publishMs, last + 1));
        await write([...keys, made]);
        return { kid: made.kid, signsFrom: made.signsFrom };
      }),
  };
}

const newPem = (): string =>
  generateKeyPairSync('ec', { namedCurve: 'P-256' })
    .privateKey.export({ type: 'pkcs8', format: 'pem' })
    .toString();

const kept = (pem: string, signsFrom: number): Kept => ({
  kid: keyId(createPublicKey(createPrivateKey(pem))),
  pem,
  signsFrom,
});
