// SPDX-License-Identifier: Apache-2.0
/** Exactly these fields of a document: what a document gets later is not shown until it stands here. */
export function pick<T extends object, K extends keyof T>(doc: T, fields: readonly K[]): Pick<T, K> {
  return Object.fromEntries(fields.map((field) => [field, doc[field]])) as Pick<T, K>;
}

/** Internal fields of every document that answers need. */
export const revisionOf = (doc: { readonly _revision: string }): bigint => BigInt(doc._revision);
