// SPDX-License-Identifier: Apache-2.0
export { MasterKeyUnusable, masterKey } from './master-key.js';
export { type Personal, personal } from './personal.js';
export * from './port.js';
export { openVault, VaultTampered, WrongMasterKey } from './vault.js';
