// SPDX-License-Identifier: Apache-2.0
import { Secret } from '../../kernel/index.js';
import type { Vault } from '../../vault/index.js';

const place = (id: string): string => `invitation/${id}/address`;

export const keepAddress = (vault: Vault, id: string, email: string): Promise<void> =>
  vault.put(place(id), new Secret(Buffer.from(email)));

/** The address that an invitation is for; undefined when it is for none, or is gone. */
export const invitedAddress = async (vault: Vault, id: string): Promise<string | undefined> =>
  (await vault.get(place(id)))?.reveal().toString();

export const destroyAddress = (vault: Vault, id: string): Promise<void> => vault.destroy(place(id));
