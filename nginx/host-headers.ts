// SPDX-License-Identifier: Apache-2.0
import type { HeaderModel } from './compiled.js';
import { parseHeaderValue } from './header.js';
import type { DirectiveSpec, HeaderSpec, Problem } from './model.js';
import { isProblem } from './variables.js';

/** A header with the field that it stands in. */
export interface FieldedHeader {
  readonly header: HeaderSpec;
  readonly field: string;
}

/** `add_header` and `proxy_set_header` in a list of directives are headers: nginx inherits them all or none. */
export function headersOfDirectives(
  directives: readonly DirectiveSpec[],
  field: string,
): readonly FieldedHeader[] {
  return directives.flatMap(({ directive, args }, index) => {
    if (directive !== 'add_header' && directive !== 'proxy_set_header') {
      return [];
    }
    const [name = '', value = '', always] = args;
    const applies_to = directive === 'add_header' ? 'response' : 'request';
    const header: HeaderSpec = { name, value, always: always === 'always', applies_to };
    return [{ header, field: `${field}[${index}]` }];
  });
}

export const isHeaderDirective = ({ directive }: DirectiveSpec): boolean =>
  directive === 'add_header' || directive === 'proxy_set_header';

export function headerModel(
  { header, field }: FieldedHeader,
  refuse: (field: string, problem: Problem) => never,
): HeaderModel {
  const value = parseHeaderValue(header);
  return isProblem(value)
    ? refuse(`${field}.value`, value)
    : { name: header.name, value, always: header.always, field };
}

/** A level's headers over those of the level above: those of the same name are replaced, the others kept. */
export function mergeHeaders(
  above: readonly HeaderModel[],
  own: readonly HeaderModel[],
): readonly HeaderModel[] {
  if (own.length === 0) {
    return above;
  }
  const names = new Set(own.map(({ name }) => name.toLowerCase()));
  return [...above.filter(({ name }) => !names.has(name.toLowerCase())), ...own];
}
