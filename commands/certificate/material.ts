// SPDX-License-Identifier: Apache-2.0
import { Secret } from '../../kernel/index.js';
import type { Vault } from '../../vault/index.js';

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
