// SPDX-License-Identifier: Apache-2.0
import { detail, NxError } from '../kernel/index.js';

/** Revisions that the caller accepts. Tags that cannot be one of ours are left out: they match nothing. */
export type IfMatch = '*' | readonly bigint[];

export const entityTag = (revision: bigint): string => `"${revision}"`;

const TAG = /^(W\/)?"([\x21\x23-\x7e\x80-\xff]*)"$/;
/** With the encoding of a compressed answer, whose bytes are others and which is the same revision. */
const REVISION = /^(0|[1-9][0-9]{0,19})(?:-(?:br|gzip))?$/;

interface Tag {
  readonly weak: boolean;
  readonly value: string;
}

/** RFC 9110 §8.8.3: a list of entity tags. A comma may stand inside a tag. */
function tags(header: string, name: string): Tag[] {
  const parts = header.match(/(?:W\/)?"[^"]*"|[^,\s]+/g) ?? [];
  const between = header.replace(/(?:W\/)?"[^"]*"|[^,\s]+/g, '').replaceAll(/\s/g, '');
  const parsed = parts.map((part) => {
    const match = TAG.exec(part);
    if (!match) {
      throw malformed(name);
    }
    return { weak: match[1] !== undefined, value: match[2] ?? '' };
  });
  if (parsed.length === 0 || between.length < parsed.length - 1) {
    throw malformed(name);
  }
  return parsed;
}

const malformed = (name: string): NxError =>
  new NxError('BAD_REQUEST', 'A header field is malformed', [
    detail(name, 'INVALID_FORMAT', 'Must be * or a list of quoted entity tags'),
  ]);

/**
 * `If-Match` compares strongly: a weak tag matches nothing, unless the API gives only weak ones. BAD_REQUEST when it is
 * not a list of tags.
 */
export function parseIfMatch(header: string | undefined, takesWeak = false): IfMatch | undefined {
  if (header === undefined) {
    return undefined;
  }
  if (header.trim() === '*') {
    return '*';
  }
  return tags(header, 'If-Match')
    .filter((tag) => (takesWeak || !tag.weak) && REVISION.test(tag.value))
    .map((tag) => BigInt(REVISION.exec(tag.value)?.[1] ?? -1));
}

/** Whether a resource at this revision may be changed; undefined is a resource that does not exist. */
export function meetsIfMatch(ifMatch: IfMatch | undefined, revision: bigint | undefined): boolean {
  if (ifMatch === undefined) {
    return true;
  }
  return revision !== undefined && (ifMatch === '*' || ifMatch.includes(revision));
}

export const preconditionFailed = (): NxError =>
  new NxError('PRECONDITION_FAILED', 'The resource is at another revision than If-Match names');

/** `If-None-Match` compares weakly: the tag of this revision that the caller has already (answer 304 with it). */
export function tagNotModified(header: string | undefined, revision: bigint): string | undefined {
  if (header === undefined) {
    return undefined;
  }
  if (header.trim() === '*') {
    return entityTag(revision);
  }
  const name = String(revision);
  const known = tags(header, 'If-None-Match').find((tag) => REVISION.exec(tag.value)?.[1] === name);
  return known && `"${known.value}"`;
}
