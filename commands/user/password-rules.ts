// SPDX-License-Identifier: Apache-2.0
import { detail, type ErrorDetail, invalid, type Secret } from '../../kernel/index.js';

const MIN_CHARACTERS = 8;
export const MAX_PASSWORD_BYTES = 1024;

const RULES: readonly (readonly [broken: (text: string) => boolean, code: string, message: string])[] = [
  [
    (text) => Array.from(text).length < MIN_CHARACTERS,
    'TOO_SHORT',
    `Must have at least ${MIN_CHARACTERS} characters`,
  ],
  [
    (text) => Buffer.byteLength(text) > MAX_PASSWORD_BYTES,
    'TOO_LONG',
    `Must have at most ${MAX_PASSWORD_BYTES} bytes`,
  ],
  [(text) => !/\p{Lu}/u.test(text), 'NO_UPPERCASE', 'Must have an uppercase letter'],
  [(text) => !/\p{Ll}/u.test(text), 'NO_LOWERCASE', 'Must have a lowercase letter'],
  [(text) => !/\p{Nd}/u.test(text), 'NO_DIGIT', 'Must have a digit'],
];

/** One spelling of a password: keyboards differ in how they compose the same letter (RFC 8265: NFC, nothing else). */
export const normalized = (password: Secret): string => password.reveal().normalize('NFC');

/** VALIDATION_ERROR that tells every rule that a new password breaks. */
export function checkPassword(password: Secret, field: string): void {
  const text = normalized(password);
  const broken: ErrorDetail[] = RULES.filter(([isBroken]) => isBroken(text)).map(([, code, message]) =>
    detail(field, code, message),
  );
  if (broken.length > 0) {
    throw invalid(broken);
  }
}
