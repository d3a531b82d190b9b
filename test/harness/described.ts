// SPDX-License-Identifier: Apache-2.0
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

// biome-ignore lint/suspicious/noExplicitAny: a description is read as any client would
type Any = any;

interface Place {
  readonly pattern: RegExp;
  readonly methods: Any;
}

/**
 * Holds answers to the description of the API that the same process serves. Throws where an answer has a status that its
 * operation does not name, or a body that is not as the schema says.
 */
export function described(
  document: Any,
): (method: string, path: string, status: number, body: unknown) => void {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats.default(ajv);
  ajv.addSchema({ ...document, $id: 'api' });
  const places: Place[] = Object.entries(document.paths).map(([path, methods]) => ({
    pattern: new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/\{[a-z_]+\}/g, '[^/]+')}$`),
    methods,
  }));
  const compiled = new Map<string, ValidateFunction>();
  const pointerTo = (part: Any): string | undefined => part?.$ref?.slice(1);
  const at = (pointer: string): Any =>
    pointer
      .split('/')
      .slice(1)
      .reduce((inner, name) => inner?.[name.replaceAll('~1', '/').replaceAll('~0', '~')], document);

  return (method, address, status, body) => {
    const path = address.split('?')[0] ?? '';
    const place = places.find(({ pattern, methods }) => pattern.test(path) && methods[method.toLowerCase()]);
    if (!place) {
      return;
    }
    const operation = place.methods[method.toLowerCase()];
    const given = operation.responses[status];
    if (status === 304) {
      return;
    }
    if (!given) {
      throw new Error(
        `${operation.operationId} does not say that it answers ${status}: ${JSON.stringify(body)}`,
      );
    }
    const shared = pointerTo(given);
    const schema = (shared === undefined ? given : at(shared)).content?.['application/json']?.schema;
    if (!schema || body === undefined) {
      return;
    }
    const key = `${operation.operationId} ${status}`;
    const check =
      compiled.get(key) ??
      ajv.compile(JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"api#/')) as object);
    compiled.set(key, check);
    if (!check(body)) {
      throw new Error(
        `${key} is not as described: ${ajv.errorsText(check.errors)} in ${JSON.stringify(body)}`,
      );
    }
  };
}
