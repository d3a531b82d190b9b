// SPDX-License-Identifier: Apache-2.0
/** Longest text from an agent that is kept, in UTF-16 code units. */
export const MAX_WORDS = 2048;

// Control characters, direction overrides, line separators and lone surrogates: what could forge a log line or
// rewrite a terminal.
const UNSAFE = /(?!\n)[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\u202a-\u202e\u2066-\u2069]/gu;

const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** Text from an agent as it may be stored: control characters escaped (line feeds stay), cut to `max`. */
export function words(text: string, max = MAX_WORDS): string {
  const safe = text.slice(0, max).replace(UNSAFE, escaped);
  return safe.length <= max ? safe : `${safe.slice(0, max - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}

/** The same on one line. */
export const line = (text: string, max = MAX_WORDS): string =>
  words(text.slice(0, max).replaceAll('\n', '\\u000a'), max);
