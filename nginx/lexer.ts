// SPDX-License-Identifier: Apache-2.0
/**
 * nginx's own reading of a configuration (`ngx_conf_read_token`), state for state: what a quote, a backslash, a `#` or
 * a brace means depends on where it stands, and every shortcut here would be a difference that a value could use.
 */
export type Token =
  | { readonly kind: 'word'; readonly text: string; readonly line: number; readonly quoted: boolean }
  | { readonly kind: ';' | '{' | '}'; readonly line: number };

export class LexError extends Error {
  readonly line: number;

  constructor(message: string, line: number) {
    super(`${message} in line ${line}`);
    this.name = 'LexError';
    this.line = line;
  }
}

/** nginx reads through a buffer of 4,096 bytes; a word that fills it is refused. */
const BUFFER_BYTES = 4096;

const isSpace = (char: string): boolean => char === ' ' || char === '\t' || char === '\r' || char === '\n';

/** Takes the backslashes out of a word, as nginx does when the word is complete. */
function withoutEscapes(raw: string): string {
  return raw.replace(/\\(["'\\trn])/g, (_, char: string) => {
    switch (char) {
      case 't':
        return '\t';
      case 'r':
        return '\r';
      case 'n':
        return '\n';
      default:
        return char;
    }
  });
}

/** Splits a text into words and punctuation. Throws LexError where nginx would refuse. */
export function tokenize(input: string): readonly Token[] {
  const tokens: Token[] = [];
  let line = 1;
  let words = 0;
  let start = 0;
  let startLine = 1;
  let lastSpace = true;
  let needSpace = false;
  let comment = false;
  let escaped = false;
  let variable = false;
  let quote = '';

  const refuse = (message: string): never => {
    throw new LexError(message, line);
  };
  const punctuation = (kind: ';' | '{' | '}'): void => {
    if (kind === '}' ? words > 0 : words === 0) {
      refuse(`unexpected "${kind}"`);
    }
    tokens.push({ kind, line });
    words = 0;
    lastSpace = true;
    needSpace = false;
  };
  const word = (end: number, quoted: boolean): void => {
    const raw = input.slice(start, end);
    if (Buffer.byteLength(raw) >= BUFFER_BYTES) {
      line = startLine;
      refuse('too long parameter');
    }
    tokens.push({ kind: 'word', text: withoutEscapes(raw), line: startLine, quoted });
    words += 1;
  };

  for (let at = 0; at < input.length; at++) {
    const char = input.charAt(at);
    if (char === '\n') {
      line += 1;
      comment = false;
    }
    if (comment) {
      continue;
    }
    if (escaped) {
      escaped = false;
      continue;
    }
    if (needSpace) {
      if (isSpace(char)) {
        lastSpace = true;
        needSpace = false;
        continue;
      }
      if (char === ';' || char === '{') {
        punctuation(char);
        continue;
      }
      if (char !== ')') {
        refuse(`unexpected "${char}"`);
      }
      lastSpace = true;
      needSpace = false;
    }
    if (lastSpace) {
      if (isSpace(char)) {
        continue;
      }
      start = at;
      startLine = line;
      switch (char) {
        case ';':
        case '{':
        case '}':
          punctuation(char);
          continue;
        case '#':
          comment = true;
          continue;
        case '\\':
          escaped = true;
          break;
        case '"':
        case "'":
          start = at + 1;
          quote = char;
          break;
        case '$':
          variable = true;
          break;
        default:
      }
      lastSpace = false;
      continue;
    }
    if (char === '{' && variable) {
      continue;
    }
    variable = false;
    if (char === '\\') {
      escaped = true;
    } else if (char === '$') {
      variable = true;
    } else if (quote !== '') {
      if (char === quote) {
        quote = '';
        needSpace = true;
        word(at, true);
      }
    } else if (isSpace(char) || char === ';' || char === '{') {
      word(at, false);
      lastSpace = true;
      if (char === ';' || char === '{') {
        punctuation(char);
      }
    }
  }
  if (words > 0 || !lastSpace) {
    refuse('unexpected end of file, expecting ";" or "}"');
  }
  return tokens;
}
