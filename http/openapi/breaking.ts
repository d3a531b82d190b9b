// SPDX-License-Identifier: Apache-2.0
/**
 * What in a newer description breaks a client of an older one. What the server takes may only grow; what it answers may
 * only gain. Names each break by operation and place.
 */
interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
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

const typesOf = (schema: Schema): string => schema.type ?? (schema.anyOf ? 'anyOf' : 'any');

export function breakingChanges(older: Description, newer: Description): string[] {
  const faults: string[] = [];
  const missing = <T>(from: readonly T[], there: readonly T[]): T[] =>
    from.filter((one) => !there.includes(one));

  function compare(before: Schema, after: Schema, direction: Direction, at: string): void {
    const [was, is] = [deref(older, before), deref(newer, after)];
    if (was.anyOf || is.anyOf) {
      compareUnions(was.anyOf ?? [was], is.anyOf ?? [is], direction, at);
      return;
    }
    if (typesOf(was) !== typesOf(is)) {
      faults.push(`${at}: was ${typesOf(was)} and is ${typesOf(is)}`);
      return;
    }
    const values = (one: Schema): readonly unknown[] | undefined =>
      one.const === undefined ? one.enum : [one.const];
    const [had, has] = [values(was), values(is)];
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

  /** Branch by branch, each with the one of its type. */
  function compareUnions(
    was: readonly Schema[],
    is: readonly Schema[],
    direction: Direction,
    at: string,
  ): void {
    const branches = (document: Description, all: readonly Schema[]) =>
      all.map((one) => deref(document, one)).map((one) => [typesOf(one), one] as const);
    const [had, has] = [branches(older, was), branches(newer, is)];
    // A caller must still be able to send each, and must be ready for each that comes.
    const [from, to] = direction === 'input' ? [had, has] : [has, had];
    for (const type of missing(
      from.map(([name]) => name),
      to.map(([name]) => name),
    )) {
      faults.push(
        `${at}: ${type} is ${direction === 'input' ? 'not taken any more' : 'new among the answers'}`,
      );
    }
    for (const [type, one] of had) {
      const same = has.filter(([name]) => name === type);
      const [other] = same;
      // Several of one type cannot be told apart: only a lone one is looked into.
      if (other && same.length === 1 && had.filter(([name]) => name === type).length === 1) {
        compare(one, other[1], direction, at);
      }
    }
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
