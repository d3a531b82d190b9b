// SPDX-License-Identifier: Apache-2.0

import { never } from '../kernel/index.js';
import { isNetwork } from './address.js';
import { namesCipher } from './ciphers.js';
import { type ArgType, type DirectiveName, ruleOf } from './grammar.js';
import { checkHeaderName } from './header.js';
import type { DirectiveSpec, Problem } from './model.js';
import { invalidFormat, problem } from './text.js';
import { type Arg, type Directive, int, quantity, word } from './tree.js';
import { isTarget } from './url.js';
import { isProblem, splitText, VARIABLES, type VariableSet } from './variables.js';

const MEDIA_TYPE = /^[a-z0-9][a-z0-9!#&^_.+-]{0,63}\/(?:\*|[a-z0-9][a-z0-9!#&^_.+-]{0,63})$/i;
const SIZES = { '': 1, k: 1024, m: 1024 * 1024, g: 1024 * 1024 * 1024 } as const;
const TIMES = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

const outOfRange = (what: string): Problem => problem('OUT_OF_RANGE', what);

function readInt(value: string, min: number, max: number): Arg | Problem {
  if (!/^[0-9]{1,12}$/.test(value)) {
    return invalidFormat('must be a whole number');
  }
  const number = Number(value);
  return number < min || number > max ? outOfRange(`must be ${min} to ${max}`) : int(number);
}

function readSize(value: string, min: number, max: number): Arg | Problem {
  const match = /^([0-9]{1,12})([kmg]?)$/i.exec(value);
  if (!match) {
    return invalidFormat('must be a size such as 512k or 8m');
  }
  const unit = (match[2] ?? '').toLowerCase() as keyof typeof SIZES;
  const bytes = Number(match[1]) * SIZES[unit];
  if (bytes < min || bytes > max) {
    return outOfRange(`must be ${min} to ${max} bytes`);
  }
  // nginx reads `g` in offsets only, not in sizes.
  return unit === 'g' ? quantity(Number(match[1]) * 1024, 'm') : quantity(Number(match[1]), unit);
}

function readTime(value: string, min: number, max: number): Arg | Problem {
  const match = /^([0-9]{1,10})(ms|[smhd])?$/.exec(value);
  if (!match) {
    return invalidFormat('must be a time such as 500ms, 30s or 5m');
  }
  const unit = (match[2] ?? 's') as keyof typeof TIMES;
  const ms = Number(match[1]) * TIMES[unit];
  return ms < min || ms > max
    ? outOfRange(`must be ${min} to ${max} milliseconds`)
    : quantity(Number(match[1]), unit);
}

function readText(value: string, allowed: VariableSet): Arg | Problem {
  const parts = splitText(value, allowed);
  return isProblem(parts) ? parts : { kind: 'text', parts };
}

function readNetwork(value: string): Arg | Problem {
  return value === 'all' || isNetwork(value)
    ? { kind: 'network', network: value }
    : invalidFormat('must be all, an address, or a network without host bits such as 10.0.0.0/8');
}

const FILE_TEST: VariableSet = {
  names: new Set([...VARIABLES.url.names, 'uri']),
  prefixed: VARIABLES.url.prefixed,
};

function readFileTest(value: string): Arg | Problem {
  const fine = /^(?:\$uri\/?|\/.*|=[1-5][0-9]{2})$/.test(value) && !value.includes('..');
  return fine ? readText(value, FILE_TEST) : invalidFormat('must be $uri, $uri/, a path or =code');
}

/** Reads one argument as its type in the grammar says. */
function readArg(type: ArgType, value: string): Arg | Problem {
  switch (type.type) {
    case 'words':
      return type.words.includes(value)
        ? word(value)
        : invalidFormat(`must be one of: ${type.words.join(', ')}`);
    case 'int':
      return type.but !== undefined && Number(value) === type.but
        ? problem('OUT_OF_RANGE', `must not be ${type.but}`)
        : readInt(value, type.min, type.max);
    case 'size':
      return readSize(value, type.min, type.max);
    case 'time':
      return readTime(value, type.min, type.max);
    case 'seconds':
      return value.endsWith('ms')
        ? invalidFormat('must be a time in whole seconds')
        : readTime(value, type.min, type.max);
    case 'text':
      return readText(value, VARIABLES.header);
    case 'target':
      return readText(value, VARIABLES.url);
    case 'file-test':
      return readFileTest(value);
    case 'path':
      return /^\/[A-Za-z0-9._~!&'()*+,=:@%/-]{0,1023}$/.test(value) && !value.includes('..')
        ? { kind: 'url-path', path: value }
        : invalidFormat('must be a path');
    case 'header-name':
      return checkHeaderName(value) ?? { kind: 'header-name', name: value };
    case 'media-type':
      return MEDIA_TYPE.test(value)
        ? { kind: 'media-type', type: value }
        : invalidFormat('must be a media type such as text/css');
    case 'network':
      return readNetwork(value);
    case 'ciphers':
      return /^[A-Za-z0-9!+:@=_.-]{1,1000}$/.test(value) && namesCipher(value)
        ? { kind: 'text', parts: [value] }
        : invalidFormat('must be a list of ciphers with one that OpenSSL knows');
    case 'own':
      return problem('DIRECTIVE_NOT_ALLOWED', 'is written by NxMesh only');
    default:
      return never(type, 'argument type');
  }
}

/** Reads a directive that somebody wrote, as the allow-list has it for this context. */
export function readCustomDirective(
  context: 'server' | 'location',
  name: string,
  args: readonly string[],
): Directive | Problem {
  const rule = ruleOf(name);
  if (!rule?.user?.includes(context)) {
    return problem('DIRECTIVE_NOT_ALLOWED', `${name.slice(0, 64)} is not in the allow-list of a ${context}`);
  }
  const required = rule.required ?? rule.args.length;
  if (args.length < required || (!rule.repeats && args.length > rule.args.length)) {
    const count = required === rule.args.length ? String(required) : `${required} to ${rule.args.length}`;
    return invalidFormat(`${name} takes ${count} arguments`);
  }
  const read: Arg[] = [];
  for (const [index, value] of args.entries()) {
    const type = rule.args[Math.min(index, rule.args.length - 1)];
    const arg = type ? readArg(type, value) : invalidFormat('takes no argument');
    if (isProblem(arg)) {
      return arg;
    }
    read.push(arg);
  }
  return checkWhole(name as DirectiveName, args) ?? { name: name as DirectiveName, args: read };
}

/** Directives whose arguments are a set. */
const SETS: ReadonlySet<string> = new Set(['gzip_proxied', 'gzip_types', 'proxy_next_upstream']);

/** What no single argument shows. */
function checkWhole(name: DirectiveName, args: readonly string[]): Problem | undefined {
  const [first = '', second] = args;
  if (name === 'return' && /^30[12378]$/.test(first) && !isTarget(second ?? '')) {
    return invalidFormat('a redirect must go to a path or to an http or https URL of a fixed host');
  }
  if (name === 'try_files' && args.slice(0, -1).some((arg) => arg.startsWith('='))) {
    return invalidFormat('only the last argument may be =code');
  }
  // nginx warns of what is said twice, and a warning is an error.
  if (SETS.has(name) && new Set(args).size < args.length) {
    return invalidFormat('must not name anything twice');
  }
  return name === 'gzip_types' && args.includes('text/html')
    ? invalidFormat('must not name text/html: it is always compressed')
    : undefined;
}

export function checkCustomDirective(
  context: 'server' | 'location',
  name: string,
  args: readonly string[],
): Problem | undefined {
  const read = readCustomDirective(context, name, args);
  return isProblem(read) ? read : undefined;
}

/** Checks a whole list: each directive, and those that nginx takes only once. */
export function checkCustomDirectives(
  context: 'server' | 'location',
  directives: readonly DirectiveSpec[],
): readonly { readonly index: number; readonly problem: Problem }[] {
  const seen = new Set<string>();
  return directives.flatMap(({ directive, args }, index) => {
    const again = seen.has(directive) && !ruleOf(directive)?.many;
    seen.add(directive);
    const found = again
      ? problem('DUPLICATE_DIRECTIVE', `${directive} may stand only once`)
      : checkCustomDirective(context, directive, args);
    return found ? [{ index, problem: found }] : [];
  });
}
