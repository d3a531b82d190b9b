// SPDX-License-Identifier: Apache-2.0
export { MasterKeyUnusable, masterKey } from './master-key.js';
export * from './port.js';
export { openVault, VaultTampered, WrongMasterKey } from './vault.js';
