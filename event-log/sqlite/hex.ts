// SPDX-License-Identifier: Apache-2.0
export const hex = (hash: Uint8Array): string => Buffer.from(hash).toString('hex');
