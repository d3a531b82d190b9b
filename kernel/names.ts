// SPDX-License-Identifier: Apache-2.0
/** An address or a user name as the one that it is, however it was written: its case, and how its letters are composed. */
export const foldedName = (name: string): string => name.trim().toLowerCase().normalize('NFC');
