// SPDX-License-Identifier: Apache-2.0
export { type CopyOptions, copyVault, NoVault, type VaultCopyReport, VaultDiffers } from './copy.js';
export { MasterKeyUnusable, masterKey } from './master-key.js';
export { type Alone, type Personal, personal } from './personal.js';
export * from './port.js';
export { VaultTampered } from './records.js';
export { openVault, UnfinishedCopy, WrongMasterKey } from './vault.js';
