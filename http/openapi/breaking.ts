// SPDX-License-Identifier: Apache-2.0
/**
 * What in a newer description breaks a client of an older one. What the server takes may only grow; what it answers may
 * only gain. Names each break by operation and place.
 */
interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
}

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly schema?: Schema;
}

type Content = Readonly<Record<string, { readonly schema?: Schema }>>;
interface Response {
  readonly $ref?: string;
  readonly content?: Content;
}

interface Operation {
  readonly security?: readonly unknown[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly required?: boolean; readonly content: Content };
  readonly responses: Readonly<Record<string, Response>>;
}

export interface Description {
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly components?: unknown;
}

/** `input`: what the server takes; `output`: what it answers. */
type Direction = 'input' | 'output';

function deref<T extends object>(document: Description, part: T): T {
  const { $ref } = part as { $ref?: string };
  if ($ref === undefined) {
    return part;
  }
  const found = $ref
    .split('/')
    .slice(1)
    .reduce<unknown>((at, name) => (at as Record<string, unknown> | undefined)?.[name], document);
  return (found ?? {}) as T;
}

/** One of the kinds of value that a schema allows. */
interface Branch {
  readonly type: string;
  /** Objects that say by a constant member which of several they are. */
  readonly name: string;
  readonly schema: Schema;
}

const valuesOf = (one: Schema): readonly unknown[] | undefined =>
  one.const === undefined ? one.enum : [one.const];

function nameOf({ properties }: Schema): string {
  const constant = Object.entries(properties ?? {}).find(([, member]) => member.const !== undefined);
  return constant ? `${constant[0]}=${String(constant[1].const)}` : '';
}

/** What a schema allows, whether it says so with unions, unions of unions or a list of types. */
function branchesOf(document: Description, schema: Schema): readonly Branch[] {
  const { type, anyOf, oneOf, ...rest } = deref(document, schema);
  const union = anyOf ?? oneOf;
  if (union) {
    return merged(union.flatMap((one) => branchesOf(document, one)));
  }
  const types = type === undefined ? ['any'] : [type].flat();
  return types.map((one) => ({
    type: one,
    name: one === 'object' ? nameOf(rest) : '',
    schema: { ...rest, ...(one === 'any' ? {} : { type: one }) },
  }));
}

/** Plain values of one type stand together: all that are listed, or any where one branch lists none. */
function merged(all: readonly Branch[]): readonly Branch[] {
  const plain = new Map<string, Branch>();
  for (const one of all.filter(({ type }) => type !== 'object' && type !== 'array')) {
    const known = plain.get(one.type);
    const [had, more] = [known && valuesOf(known.schema), valuesOf(one.schema)];
    const listed = known ? had && more && { enum: [...had, ...more] } : more && { enum: more };
    plain.set(one.type, { type: one.type, name: '', schema: { type: one.type, ...listed } });
  }
  return [...all.filter(({ type }) => type === 'object' || type === 'array'), ...plain.values()];
}

/** Whether what the one allows is of a kind that the other allows. */
const covers = (wide: Branch, narrow: Branch): boolean =>
  wide.type === 'any' ||
  (wide.type === 'number' && narrow.type === 'integer') ||
  (wide.type === narrow.type && (wide.name === narrow.name || wide.name === '' || narrow.name === ''));

const titleOf = ({ type, name }: Branch): string => (name === '' ? type : `${type} with ${name}`);

export function breakingChanges(older: Description, newer: Description): string[] {
  const faults: string[] = [];
  const missing = <T>(from: readonly T[], there: readonly T[]): T[] =>
    from.filter((one) => !there.includes(one));

  /** A caller must still be able to send each kind of value, and must be ready for each that comes. */
  function compare(before: Schema, after: Schema, direction: Direction, at: string): void {
    const [had, has] = [branchesOf(older, before), branchesOf(newer, after)];
    const [from, to] = direction === 'input' ? [had, has] : [has, had];
    const strange = from.filter((one) => !to.some((other) => covers(other, one)));
    const [was, is] = [had[0], has[0]];
    if (strange.length > 0 && was && is && had.length === 1 && has.length === 1) {
      faults.push(`${at}: was ${titleOf(was)} and is ${titleOf(is)}`);
      return;
    }
    for (const one of strange) {
      const what = direction === 'input' ? 'is not taken any more' : 'is new among the answers';
      faults.push(`${at}: ${titleOf(one)} ${what}`);
    }
    for (const one of had) {
      const same = has.filter((other) => other.type === one.type && covers(other, one));
      const own = same.filter(({ name }) => name === one.name);
      const [other] = own.length > 0 ? own : same;
      const twins = had.filter(({ type, name }) => type === one.type && name === one.name);
      // Several that cannot be told apart are not looked into.
      if (other && (own.length === 1 || same.length === 1) && twins.length === 1) {
        compareKinds(one.schema, other.schema, direction, at);
      }
    }
  }

  function compareKinds(was: Schema, is: Schema, direction: Direction, at: string): void {
    const [had, has] = [valuesOf(was), valuesOf(is)];
    if (direction === 'input' && has) {
      for (const value of had ? missing(had, has) : ['anything else']) {
        faults.push(`${at}: ${String(value)} is not taken any more`);
      }
    }
    if (direction === 'output' && had) {
      for (const value of has ? missing(had, has) : []) {
        faults.push(`${at}: the value ${String(value)} is gone`);
      }
    }
    if (was.items && is.items) {
      compare(was.items, is.items, direction, `${at}[]`);
    }
    compareMembers(was, is, direction, at);
  }

  function compareMembers(was: Schema, is: Schema, direction: Direction, at: string): void {
    const [had, has] = [was.properties ?? {}, is.properties ?? {}];
    for (const name of missing(Object.keys(had), Object.keys(has))) {
      faults.push(`${at}.${name}: is gone`);
    }
    for (const [name, member] of Object.entries(has)) {
      const before = had[name];
      if (before) {
        compare(before, member, direction, `${at}.${name}`);
      }
      const wasRequired = was.required?.includes(name) ?? false;
      const isRequired = is.required?.includes(name) ?? false;
      if (direction === 'input' && isRequired && !wasRequired) {
        faults.push(`${at}.${name}: is required now`);
      }
      if (direction === 'output' && wasRequired && !isRequired) {
        faults.push(`${at}.${name}: may be left out now`);
      }
    }
  }

  function compareContent(was: Content, is: Content, direction: Direction, at: string): void {
    for (const [type, media] of Object.entries(was)) {
      const now = is[type];
      if (!now) {
        faults.push(`${at}: ${type} is gone`);
      } else if (media.schema && now.schema) {
        compare(media.schema, now.schema, direction, at);
      }
    }
  }

  function compareParameters(was: readonly Parameter[], is: readonly Parameter[], at: string): void {
    const key = (one: Parameter): string => `${one.in} ${one.name}`;
    for (const name of missing(was.map(key), is.map(key))) {
      faults.push(`${at}: parameter ${name} is gone`);
    }
    for (const one of is) {
      const before = was.find((other) => key(other) === key(one));
      if (one.required && !before?.required) {
        faults.push(`${at}: parameter ${key(one)} is required now`);
      }
      if (before?.schema && one.schema) {
        compare(before.schema, one.schema, 'input', `${at} ${key(one)}`);
      }
    }
  }

  for (const [path, methods] of Object.entries(older.paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      const at = `${method.toUpperCase()} ${path}`;
      const is = newer.paths[path]?.[method] as Operation | undefined;
      const was = operation as Operation;
      if (!is) {
        faults.push(`${at}: is gone`);
        continue;
      }
      compareParameters(was.parameters ?? [], is.parameters ?? [], at);
      compareContent(was.requestBody?.content ?? {}, is.requestBody?.content ?? {}, 'input', `${at} body`);
      if (was.security?.length === 0 && is.security?.length !== 0) {
        faults.push(`${at}: needs credentials now`);
      }
      if (is.requestBody?.required && !was.requestBody) {
        faults.push(`${at}: needs a body now`);
      }
      for (const [status, response] of Object.entries(was.responses).filter(([code]) =>
        code.startsWith('2'),
      )) {
        const now = is.responses[status];
        if (!now) {
          faults.push(`${at}: does not answer ${status} any more`);
        } else {
          const [before, after] = [deref(older, response), deref(newer, now)];
          compareContent(before.content ?? {}, after.content ?? {}, 'output', `${at} ${status}`);
        }
      }
    }
  }
  return faults;
}
