// SPDX-License-Identifier: Apache-2.0
/**
 * The one place where a tree becomes text. Everything that is not a keyword, a number or a name that we made stands
 * in double quotes; what could not be read back as the same value is refused, not repaired.
 */
import { invariant, never } from '../kernel/index.js';
import type { Context, Rule } from './grammar.js';
import { ruleOf } from './grammar.js';
import type { Provenance } from './model.js';
import { RenderRefused } from './refusal.js';
import { checkText, escapeQuoted } from './text.js';
import type { Arg, Directive, Origin, Quantity } from './tree.js';
import type { Part } from './variables.js';

const WORD = /^[A-Za-z0-9_.=:*-]{1,64}$/;
const NAME = /^[a-z][a-z0-9_]{0,63}$/;
const VARIABLE = /^[a-z][a-z0-9_]{0,80}$/i;
const URL_PATH = /^\/[A-Za-z0-9._~!&'()*+,=:@%/-]*$/;
const HOST = /^(?:[a-z0-9_][a-z0-9._-]{0,252}|\[[0-9a-f:.]{2,45}\])$/;
const SERVER_NAME = /^(?:(?:\*\.)?[a-z0-9_][a-z0-9._-]{0,252}(?:\.\*)?|\[[0-9a-f:.]{2,45}\])?$/;
const NETWORK = /^(?:all|[0-9a-f.:]{2,45}(?:\/[0-9]{1,3})?)$/i;
const HEADER = /^[A-Za-z0-9!#&*+.^_|~-]{1,128}$/;
const FILE = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;
const MEDIA_TYPE = /^[A-Za-z0-9!#&^_.+*/-]{3,129}$/;
const BUNDLE_PATH = /^[a-z0-9][a-z0-9._-]*(?:\/[a-z0-9][a-z0-9._-]*)*$/;

/** A value that must not be rendered; the walk adds where it comes from. */
class Unrenderable extends Error {}

function matching(pattern: RegExp, value: string, what: string): string {
  if (!pattern.test(value)) {
    throw new Unrenderable(`not a ${what}: ${JSON.stringify(value.slice(0, 64))}`);
  }
  return value;
}

function quoted(value: string): string {
  const bad = checkText(value);
  if (bad) {
    throw new Unrenderable(bad.message);
  }
  return `"${escapeQuoted(value)}"`;
}

/** Text in which nginx interpolates: only a variable of the tree may bring a `$`. */
function interpolated(parts: readonly Part[]): string {
  let value = '';
  for (const [index, part] of parts.entries()) {
    if (typeof part === 'string') {
      if (part.includes('$')) {
        throw new Unrenderable('a literal $ cannot be written in nginx');
      }
      value += part;
    } else {
      const next = parts[index + 1];
      const name = matching(VARIABLE, part.variable, 'variable');
      value += typeof next === 'string' && /^\w/.test(next) ? `\${${name}}` : `$${name}`;
    }
  }
  return quoted(value);
}

function number(value: number): string {
  invariant(Number.isSafeInteger(value) && value >= 0, 'numbers in a configuration are whole');
  return String(value);
}

const measure = ({ value, unit }: Quantity): string => number(value) + unit;

/** nginx would read `*?[` as a pattern in an include, and `$` as a variable in a root. */
function absolutePath(path: string): string {
  if (!path.startsWith('/') || path.split('/').includes('..') || /[*?[$]/.test(path)) {
    throw new Unrenderable('not an absolute path without patterns, variables and ..');
  }
  return path;
}

/** One argument as nginx reads it back. */
function argument(arg: Arg): string {
  switch (arg.kind) {
    case 'word':
      return matching(WORD, arg.word, 'keyword');
    case 'int':
      return number(arg.value);
    case 'quantity':
      return measure(arg.quantity);
    case 'param':
      return `${matching(NAME, arg.name, 'parameter')}=${measure(arg.quantity)}`;
    case 'name':
      return matching(NAME, arg.name, 'name');
    case 'shared':
      return `shared:${matching(NAME, arg.name, 'name')}:${measure(arg.quantity)}`;
    case 'variable':
      return `$${matching(VARIABLE, arg.name, 'variable')}`;
    case 'condition':
      return `($${matching(VARIABLE, arg.variable, 'variable')} ~ ${quoted(arg.source)})`;
    case 'address':
      return quoted(`${matching(HOST, arg.host, 'host')}:${number(arg.port)}`);
    case 'network':
      return matching(NETWORK, arg.network, 'network');
    case 'server-name':
      return quoted(matching(SERVER_NAME, arg.name, 'server name'));
    case 'proxy':
      if (arg.path !== '') {
        matching(URL_PATH, arg.path, 'path');
      }
      return quoted(`${arg.scheme}://${matching(NAME, arg.upstream, 'upstream')}${arg.path}`);
    case 'url-path':
      return quoted(matching(URL_PATH, arg.path, 'path'));
    case 'header-name':
      return quoted(matching(HEADER, arg.name, 'header name'));
    case 'file-name':
      return quoted(matching(FILE, arg.name, 'file name'));
    case 'media-type':
      return quoted(matching(MEDIA_TYPE, arg.type, 'media type'));
    case 'text':
      return interpolated(arg.parts);
    case 'regex':
      return quoted(arg.source);
    case 'bundle-path': {
      const path = matching(BUNDLE_PATH, arg.path, 'path of the bundle');
      return quoted(arg.prefix === '' ? path : absolutePath(`${arg.prefix.replace(/\/$/, '')}/${path}`));
    }
    case 'web-root':
      return quoted(absolutePath(arg.path));
    case 'local-path':
      return quoted(absolutePath(arg.path));
    case 'unix-socket':
      if (Buffer.byteLength(arg.path) > 107) {
        throw new Unrenderable('the path of a unix socket has at most 107 bytes');
      }
      return quoted(`unix:${absolutePath(arg.path)}`);
    default:
      return never(arg, 'argument');
  }
}

function checkPlace(directive: Directive<string>, rule: Rule | undefined, context: Context): Rule {
  const count = directive.args.length;
  invariant(rule, `${directive.name} is not in the allow-list`);
  invariant(rule.contexts.includes(context), `${directive.name} may not stand in ${context}`);
  invariant(
    count >= (rule.required ?? rule.args.length) && (rule.repeats === true || count <= rule.args.length),
    `${directive.name} with ${count} arguments`,
  );
  const block = rule.flatIn === context ? undefined : rule.block;
  invariant((block === undefined) === (directive.block === undefined), `block of ${directive.name}`);
  return rule;
}

export interface RenderOptions {
  readonly context: Context;
  readonly rules?: (name: string) => Rule | undefined;
  /** Gets, for each line, where it comes from. */
  readonly lines?: (Provenance | undefined)[];
}

const NOWHERE: Origin = { kind: 'nxmesh', id: '', name: '' };

/** Renders a tree. Throws RenderRefused for a value that cannot be written, and Error for a tree that is wrong. */
export function renderTree(tree: readonly Directive<string>[], options: RenderOptions): string {
  const { rules = ruleOf, lines } = options;
  let out = '';
  let at: Provenance = { ...NOWHERE, field: '' };

  const walk = (
    block: readonly Directive<string>[],
    context: Context,
    indent: string,
    origin: Origin,
    field: string,
  ): void => {
    for (const directive of block) {
      const from = directive.origin ?? origin;
      const where = directive.field ?? field;
      const rule = checkPlace(directive, rules(directive.name), context);
      // A line of a `map` or `types` block has no name: its first argument stands there.
      let line = directive.name === 'entry' ? '' : directive.name;
      for (const arg of directive.args) {
        try {
          line += (line === '' ? '' : ' ') + argument(arg);
        } catch (error) {
          if (error instanceof Unrenderable) {
            at = { kind: from.kind, id: from.id, name: from.name, field: where };
            throw new RenderRefused('VALUE_REFUSED', at, error.message);
          }
          throw error;
        }
      }
      const source = lines && { kind: from.kind, id: from.id, name: from.name, field: where };
      lines?.push(source);
      if (directive.block === undefined) {
        out += `${indent}${line};\n`;
        continue;
      }
      out += `${indent}${line} {\n`;
      walk(directive.block, rule.block ?? context, `${indent}    `, from, where);
      out += `${indent}}\n`;
      lines?.push(source);
    }
  };

  walk(tree, options.context, '', NOWHERE, '');
  return out;
}
