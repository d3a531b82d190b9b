// SPDX-License-Identifier: Apache-2.0
import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { auditKeyId, INSTALLATION, type SignedCheckpoint, signCheckpoint } from '../domain/index.js';
import { type EventLog, VersionConflict } from '../event-log/index.js';
import {
  type Clock,
  digestOf,
  errorMessage,
  NxError,
  Secret,
  streams,
  type Timers,
  timestamp,
  uuidv5,
} from '../kernel/index.js';
import type { Reader } from '../projections/index.js';
import type { AuditSigner } from '../read-api/index.js';
import { type NewEvent, type StoredEvent, schemaVersion } from '../schemas/index.js';
import type { Vault } from '../vault/index.js';

const KEY = 'audit/signing-key';

/** The key is made at its first use. It is never changed: what it signed long ago is still to be checked. */
export async function auditSigner(vault: Vault): Promise<AuditSigner> {
  const found = (await vault.get(KEY)) ?? (await makeKey(vault));
  const privateKey = createPrivateKey(found.reveal());
  const publicKey = createPublicKey(privateKey);
  return {
    keyId: auditKeyId(publicKey),
    publicKey: String(publicKey.export({ type: 'spki', format: 'pem' })),
    sign: (checkpoint) => signCheckpoint(checkpoint, privateKey),
  };
}

async function makeKey(vault: Vault): Promise<Secret<Buffer>> {
  const made = generateKeyPairSync('ed25519').privateKey;
  await vault.put(KEY, new Secret(Buffer.from(made.export({ type: 'pkcs8', format: 'pem' }))));
  const stands = await vault.get(KEY);
  if (!stands) {
    throw new Error('the vault does not keep the key of the audit');
  }
  return stands;
}

/** The checkpoints of a chain, oldest first. */
export async function* checkpointsOf(log: EventLog, chain: string): AsyncGenerator<SignedCheckpoint> {
  for await (const event of log.read(streams.audit(chain))) {
    yield (event as StoredEvent<'audit.checkpoint_signed'>).data;
  }
}

export interface SigningDeps {
  readonly log: EventLog;
  readonly reader: Reader;
  readonly signer: AuditSigner;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: { warn(what: object, message: string): void };
}

const LOOK_MS = 60_000;
const EVERY_MS = 3_600_000;
const EVERY_RECORDS = 1_000;
const PAGE = 500;
const AGAIN_MS = 1_000;
/** Read models that are made from the log are no news; that they are not there after so long is. */
const PATIENCE_MS = 60_000;

/** Signs each chain that has grown: after a thousand records at the latest, and after an hour. */
export async function signCheckpoints(deps: SigningDeps, signal: AbortSignal): Promise<void> {
  const { timers, clock, logger } = deps;
  const signed = new Map<string, { number: number; at: number }>();
  let since: number | undefined;
  while (!signal.aborted) {
    let pause = LOOK_MS;
    try {
      await signDue(deps, signed);
      since = undefined;
    } catch (error) {
      if (!(error instanceof NxError) || error.code !== 'SERVICE_UNAVAILABLE') {
        throw error;
      }
      since ??= clock.monotonic();
      pause = AGAIN_MS;
      if (clock.monotonic() - since >= PATIENCE_MS) {
        since = clock.monotonic();
        logger.warn(
          { error: errorMessage(error) },
          'the audit is not signed while its chains cannot be read',
        );
      }
    }
    await timers.sleep(pause, signal).catch(() => {});
  }
}

export async function signDue(
  deps: Omit<SigningDeps, 'logger'>,
  signed: Map<string, { number: number; at: number }>,
): Promise<void> {
  const { reader, clock } = deps;
  for (let offset = 0, more = true; more; offset += PAGE) {
    const { items } = await reader.find('chains', { offset, limit: PAGE, count: false });
    more = items.length === PAGE;
    for (const { id: chain, number, hash } of items) {
      const last = signed.get(chain) ?? (await lastOf(deps.log, chain));
      signed.set(chain, last);
      const grown = number - last.number;
      if (grown >= EVERY_RECORDS || (grown > 0 && clock.now() - last.at >= EVERY_MS)) {
        await append(deps, { chain, number, hash, at: timestamp(clock.now()) });
        signed.set(chain, { number, at: clock.now() });
      }
    }
  }
}

async function lastOf(log: EventLog, chain: string): Promise<{ number: number; at: number }> {
  let last = { number: 0, at: 0 };
  for await (const { number, at } of checkpointsOf(log, chain)) {
    last = { number, at: Date.parse(at) };
  }
  return last;
}

async function append(
  { log, signer }: Pick<SigningDeps, 'log' | 'signer'>,
  checkpoint: Parameters<AuditSigner['sign']>[0],
): Promise<void> {
  const { chain, number, at } = checkpoint;
  const data = signer.sign(checkpoint);
  const stream = streams.audit(chain);
  const commandId = uuidv5('audit-checkpoint', chain, number);
  const event: NewEvent<'audit.checkpoint_signed'> = {
    id: uuidv5(commandId, 'event'),
    type: 'audit.checkpoint_signed',
    data,
    meta: {
      command_id: commandId,
      command_digest: digestOf(data),
      correlation_id: commandId,
      causation_id: commandId,
      actor: 'workflow:audit',
      ...(chain === INSTALLATION ? {} : { organization_id: chain }),
      schema_version: String(schemaVersion('audit.checkpoint_signed')),
      recorded_at: at,
    },
  };
  let revision: bigint | undefined;
  for await (const one of log.read(stream)) {
    revision = one.revision;
  }
  try {
    await log.append(stream, revision ?? 'none', [event]);
  } catch (error) {
    // Another process has signed it.
    if (!(error instanceof VersionConflict)) {
      throw error;
    }
  }
}
