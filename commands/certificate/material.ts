// SPDX-License-Identifier: Apache-2.0
import { type Clock, Secret, streams } from '../../kernel/index.js';
import { type Vault, VaultTampered } from '../../vault/index.js';
import type { Handlers } from '../handlers.js';

/** What a server shows and holds, in PEM. */
export interface CertificateMaterial {
  readonly certificatePem: string;
  readonly privateKeyPem: Secret;
}

/** Where the vault has it. One certificate, one record: it is written once and destroyed. */
const place = (id: string): string => `certificate/${id}`;

export const keepMaterial = (
  vault: Vault,
  workspaceId: string,
  id: string,
  { certificatePem, privateKeyPem }: CertificateMaterial,
): Promise<void> =>
  vault.put(
    place(id),
    new Secret(
      Buffer.from(JSON.stringify({ workspaceId, certificatePem, privateKeyPem: privateKeyPem.reveal() })),
    ),
  );

/** Undefined when there is none (any more), or when it is another workspace's. */
export async function readMaterial(
  vault: Vault,
  workspaceId: string,
  id: string,
): Promise<CertificateMaterial | undefined> {
  const found = await vault.get(place(id));
  if (!found) {
    return undefined;
  }
  const record = JSON.parse(found.reveal().toString()) as {
    workspaceId: string;
    certificatePem: string;
    privateKeyPem: string;
  };
  const { certificatePem, privateKeyPem } = record;
  return record.workspaceId === workspaceId
    ? { certificatePem, privateKeyPem: new Secret(privateKeyPem) }
    : undefined;
}

export const destroyMaterial = (vault: Vault, id: string): Promise<void> => vault.destroy(place(id));

const UNSAID = 'certificate-unsaid/';

/** Notes, before the key is kept, that its event is still to come: a process may end between the two. */
export const noteUnsaid = (vault: Vault, workspaceId: string, id: string, at: number): Promise<void> =>
  vault.put(`${UNSAID}${id}`, new Secret(Buffer.from(JSON.stringify({ workspaceId, at }))));

export const forgetUnsaid = (vault: Vault, id: string): Promise<void> => vault.destroy(`${UNSAID}${id}`);

/** An upload is over long before, and so are the tries of a caller that was told to come again. */
const ABANDONED_MS = 3_600_000;

/** Undefined for one that is gone, or does not open: of its key nothing is known, so it stays. */
async function readNote(
  vault: Vault,
  place: string,
): Promise<{ workspaceId: string; at: number } | undefined> {
  try {
    const found = await vault.get(place);
    return found && (JSON.parse(found.reveal().toString()) as { workspaceId: string; at: number });
  } catch (error) {
    if (error instanceof VaultTampered) {
      return undefined;
    }
    throw error;
  }
}

/**
 * Destroys keys whose event never came. Only what was noted is looked at: that the log knows nothing of a key is no
 * reason to destroy it, where the log may be an older copy.
 */
export async function destroyUnsaid({
  vault,
  handlers,
  clock,
}: {
  readonly vault: Vault;
  readonly handlers: Pick<Handlers, 'workspace'>;
  readonly clock: Clock;
}): Promise<void> {
  for (const noted of await vault.list(UNSAID)) {
    const id = noted.slice(UNSAID.length);
    const note = await readNote(vault, noted);
    if (!note || clock.now() - note.at < ABANDONED_MS) {
      continue;
    }
    const { workspaceId } = note;
    const said = await handlers.workspace.peek(streams.workspace(workspaceId), ({ certificates }) =>
      certificates.has(id),
    );
    if (!said) {
      await destroyMaterial(vault, id);
    }
    await forgetUnsaid(vault, id);
  }
}
