// SPDX-License-Identifier: Apache-2.0
import type { Problem } from './model.js';

/** Longest text that is rendered as one token, in bytes with its escapes: nginx's own buffer holds 4,096. */
const MAX_TOKEN_BYTES = 4000;

const PRINTABLE_ASCII = /^[ -~]*$/;
/** Control and format characters, every line break and white space but the space, and lone surrogates. */
const FORBIDDEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]|(?! )\p{Zs}/u;

export const problem = (code: string, message: string): Problem => ({ code, message });

export const invalidFormat = (message: string): Problem => problem('INVALID_FORMAT', message);

/** True when a text holds nothing that could end a line or hide in one. */
const isPlain = (text: string): boolean => PRINTABLE_ASCII.test(text) || !FORBIDDEN.test(text);

/** Why a text cannot stand in a configuration, if it cannot. */
export function checkText(text: string): Problem | undefined {
  if (!isPlain(text)) {
    return invalidFormat('must not contain control characters, line breaks or special white space');
  }
  if (Buffer.byteLength(escapeQuoted(text)) > MAX_TOKEN_BYTES) {
    return invalidFormat(`must not be longer than ${MAX_TOKEN_BYTES} bytes`);
  }
  return undefined;
}

/** What stands between double quotes: only the backslash and the quote need an escape. */
export const escapeQuoted = (text: string): string => text.replace(/["\\]/g, '\\$&');
