// SPDX-License-Identifier: Apache-2.0
/** What is needed to tell nginx's words without telling more than the bundle holds. */
export interface Vocabulary {
  /** The state folder. */
  readonly root: string;
  /** Path in the bundle of the file with this SHA-256. */
  bundlePath(hash: string): string | undefined;
  /** Whether this text stands somewhere in the bundle. */
  stands(token: string): boolean;
}

/** What nginx puts in quotes of its own accord. */
const OWN = new Set(['}', '{', ';', 'listen ... ssl', 'ssl_certificate', 'ssl_certificate_key', 'listen']);

const MASK = '"[masked]"';
const MAX = 2048;

/** Paths of the state folder become paths of the bundle: `vhosts/<id>.conf`, `certificates/<fingerprint>.pem`. */
export function bundlePaths(text: string, vocabulary: Vocabulary): string {
  const root = vocabulary.root.replaceAll('.', '\\.');
  return text
    .replace(
      new RegExp(`${root}/files/([0-9a-f]{64})`, 'g'),
      (whole, hash: string) => vocabulary.bundlePath(hash) ?? whole,
    )
    .replace(new RegExp(`${root}/(?:current/|bundles/[0-9a-z]+(?:\\.next)?/)?`, 'g'), '');
}

/**
 * nginx quotes what it could not understand, and that may come from a file that is not ours. Quoted tokens that do not
 * stand in the bundle are masked; from the first of them to the last quote of the line, because a token may hold quotes.
 */
export function maskForeign(line: string, vocabulary: Vocabulary): string {
  for (const match of line.matchAll(/"([^"]*)"?/g)) {
    const token = match[1] ?? '';
    if (!OWN.has(token) && !vocabulary.stands(token)) {
      const end = line.lastIndexOf('"');
      return `${line.slice(0, match.index)}${MASK}${end > match.index ? line.slice(end + 1) : ''}`;
    }
  }
  return line;
}

/** Bounded and without control characters: it is shown to people. */
export function presentable(text: string): string {
  return text.replace(/(?!\n)[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e]/gu, '\ufffd').slice(0, MAX);
}

/** Where nginx points: the last `in <path>:<line>`; an empty path when it points nowhere. */
export function placeOf(text: string): { file: string; line: number } {
  const match = /\bin ([a-z0-9._/-]+):(\d+)$/.exec(text);
  return match ? { file: match[1] ?? '', line: Number(match[2]) } : { file: '', line: 0 };
}
