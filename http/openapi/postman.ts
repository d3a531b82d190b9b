// SPDX-License-Identifier: Apache-2.0
/** A Postman collection (v2.1) made from the description: a folder for each tag, a request for each operation. */
import type { OpenApiDocument } from '../openapi.js';
import type { Json } from './components.js';

const SCHEMA = 'https://schema.getpostman.com/json/collection/v2.1.0/collection.json';

interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly tags: readonly string[];
  readonly security: readonly Json[];
  readonly parameters: readonly {
    readonly name: string;
    readonly in: string;
    readonly required?: boolean;
    readonly description?: string;
  }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly example?: unknown }>> };
}

/** `/v1/agents/{agent_id}` → `['v1', 'agents', ':agent_id']`. */
const segments = (path: string): string[] =>
  path
    .slice(1)
    .split('/')
    .map((part) => part.replace(/^\{(.*)\}$/, ':$1'));

function request(method: string, path: string, operation: Operation): Json {
  const where = (place: string) => operation.parameters.filter((one) => one.in === place);
  const said = ({ description }: { readonly description?: string }) =>
    description === undefined ? {} : { description };
  const [type, media] = Object.entries(operation.requestBody?.content ?? {})[0] ?? [];
  const parts = segments(path);
  return {
    name: operation.summary,
    request: {
      method: method.toUpperCase(),
      ...(operation.security.length === 0 ? { auth: { type: 'noauth' } } : {}),
      header: [
        ...(type === undefined ? [] : [{ key: 'Content-Type', value: type }]),
        ...where('header').map((one) => ({ key: one.name, value: '', disabled: true, ...said(one) })),
      ],
      url: {
        raw: `{{base_url}}/${parts.join('/')}`,
        host: ['{{base_url}}'],
        path: parts,
        query: where('query').map((one) => ({ key: one.name, value: '', disabled: one.required !== true })),
        variable: where('path').map((one) => ({ key: one.name, value: '' })),
      },
      ...(media === undefined
        ? {}
        : {
            body: {
              mode: 'raw',
              raw: JSON.stringify(media.example ?? {}, null, 2),
              options: { raw: { language: 'json' } },
            },
          }),
    },
    response: [],
  };
}

export function postmanCollection(document: OpenApiDocument): Json {
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      method,
      path,
      operation: operation as unknown as Operation,
    })),
  );
  const tags = [...new Set(operations.flatMap(({ operation }) => operation.tags))].sort();
  return {
    info: { name: document.info['title'], version: document.info['version'], schema: SCHEMA },
    auth: { type: 'bearer', bearer: [{ key: 'token', value: '{{token}}', type: 'string' }] },
    variable: [
      { key: 'base_url', value: 'http://127.0.0.1:8080' },
      { key: 'token', value: '' },
    ],
    item: tags.map((name) => ({
      name,
      item: operations
        .filter(({ operation }) => operation.tags.includes(name))
        .map(({ method, path, operation }) => request(method, path, operation)),
    })),
  };
}
