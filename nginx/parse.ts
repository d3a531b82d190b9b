// SPDX-License-Identifier: Apache-2.0
import { LexError, tokenize } from './lexer.js';

/** A directive as it was read: nothing is known of it but its words. */
export interface PlainDirective {
  readonly name: string;
  readonly args: readonly string[];
  readonly line: number;
  readonly block?: readonly PlainDirective[];
}

/** Deeper than nginx's own grammar goes. */
const MAX_DEPTH = 32;

/** Reads a configuration text into its directives. Throws LexError where nginx's reader would refuse. */
export function parseConfig(input: string): readonly PlainDirective[] {
  const root: PlainDirective[] = [];
  const open: PlainDirective[][] = [root];
  let words: { text: string; line: number }[] = [];
  let line = 1;
  for (const token of tokenize(input)) {
    line = token.line;
    const current = open[open.length - 1] ?? root;
    if (token.kind === 'word') {
      words.push(token);
      continue;
    }
    if (token.kind === '}') {
      if (open.length === 1) {
        throw new LexError('unexpected "}"', line);
      }
      open.pop();
      continue;
    }
    const [first, ...rest] = words;
    words = [];
    const directive = {
      name: first?.text ?? '',
      args: rest.map(({ text }) => text),
      line: first?.line ?? line,
    };
    if (token.kind === ';') {
      current.push(directive);
      continue;
    }
    const block: PlainDirective[] = [];
    current.push({ ...directive, block });
    open.push(block);
    if (open.length > MAX_DEPTH) {
      throw new LexError('blocks are nested too deep', line);
    }
  }
  if (open.length > 1) {
    throw new LexError('unexpected end of file, expecting "}"', line);
  }
  return root;
}
