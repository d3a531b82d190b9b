// SPDX-License-Identifier: Apache-2.0
import { canonicalJson, ERRORS, type ErrorCode } from '../kernel/index.js';
import * as schemas from '../schemas/index.js';
import type { Multipart } from './multipart.js';
import { errorsOf, paramNames, type Route, route, takesIfMatch } from './route.js';

type Json = { readonly [key: string]: unknown };

export interface OpenApiDocument {
  readonly openapi: '3.1.0';
  readonly info: Json;
  readonly paths: Readonly<Record<string, Record<string, Json>>>;
  readonly components: { readonly schemas: Record<string, unknown>; readonly securitySchemes: Json };
  readonly [key: string]: unknown;
}

const ErrorSchema = schemas.closed({
  error: schemas.closed({
    code: schemas.oneOf(...Object.keys(ERRORS)),
    message: schemas.Type.String(),
    request_id: schemas.Type.String(),
    details: schemas.Type.Array(
      schemas.closed({
        field: schemas.Type.String(),
        message: schemas.Type.String(),
        code: schemas.Type.String(),
      }),
    ),
  }),
});

/** OpenAPI 3.1 made from the table of routes. The same routes give the same document to the byte. */
export function openApi(routes: readonly Route[], version: string): OpenApiDocument {
  const names = componentNames();
  const used: Record<string, unknown> = {};
  const refer = (schema: unknown): unknown => withReferences(schema, names, used);
  const paths: Record<string, Record<string, Json>> = {};
  for (const one of routes) {
    paths[one.path] = { ...paths[one.path], [one.method.toLowerCase()]: operation(one, refer) };
  }
  return {
    openapi: '3.1.0',
    info: { title: 'NxMesh', version, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    servers: [{ url: '/' }],
    tags: [...new Set(routes.map((one) => one.tag))].sort().map((name) => ({ name })),
    paths,
    components: {
      schemas: Object.fromEntries(Object.entries(used).sort(([a], [b]) => (a < b ? -1 : 1))),
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
    },
  };
}

export const openApiRoute = (document: OpenApiDocument): Route =>
  route({
    method: 'GET',
    path: '/openapi.json',
    operationId: 'getOpenApi',
    summary: 'This description of the API',
    tag: 'meta',
    permission: 'public',
    success: { status: 200 },
    handler: () => ({ body: document }),
  });

/** JSON text of each named schema → its name. What the schemas' room exports by name is named so here. */
function componentNames(): Map<string, string> {
  const named = Object.entries({ ...schemas, Error: ErrorSchema }).filter(
    ([name, value]) =>
      /^[A-Z][A-Za-z0-9]+$/.test(name) &&
      typeof value === 'object' &&
      value !== null &&
      ('type' in value || 'anyOf' in value) &&
      '~kind' in value,
  );
  return new Map(named.map(([name, value]) => [canonicalJson(value), name]));
}

/** Replaces every part that is a named schema by a reference to it, and notes the ones used. */
function withReferences(schema: unknown, names: Map<string, string>, used: Record<string, unknown>): unknown {
  if (typeof schema !== 'object' || schema === null) {
    return schema;
  }
  const inside = (): unknown =>
    Array.isArray(schema)
      ? schema.map((part) => withReferences(part, names, used))
      : Object.fromEntries(
          Object.entries(schema).map(([key, part]) => [key, withReferences(part, names, used)]),
        );
  const name = Array.isArray(schema) ? undefined : names.get(canonicalJson(schema));
  if (name === undefined) {
    return inside();
  }
  if (!(name in used)) {
    used[name] = null;
    used[name] = inside();
  }
  return { $ref: `#/components/schemas/${name}` };
}

const string = { type: 'string' };
const header = (description: string): Json => ({ description, schema: string });

function operation(one: Route, refer: (schema: unknown) => unknown): Json {
  const { status, description, schema } = one.success;
  return {
    operationId: one.operationId,
    summary: one.summary,
    tags: [one.tag],
    'x-permission': one.permission,
    security: one.permission === 'public' ? [] : [{ bearer: [] }],
    parameters: parameters(one, refer),
    ...(one.body ? { requestBody: requestBody(one, refer) } : {}),
    responses: {
      [status]: {
        description: description ?? one.summary,
        headers: successHeaders(one),
        ...(schema ? { content: { 'application/json': { schema: refer(schema) } } } : {}),
      },
      ...errorResponses(one, refer),
    },
  };
}

function parameters(one: Route, refer: (schema: unknown) => unknown): Json[] {
  const query = one.query as { properties?: Record<string, unknown>; required?: string[] } | undefined;
  const headerParameter = (name: string, text: string): Json => ({
    name,
    in: 'header',
    description: text,
    schema: string,
  });
  const result: Json[] = paramNames(one.path).map((name) => ({
    name,
    in: 'path',
    required: true,
    schema: refer(one.params?.[name] ?? schemas.Uuid),
  }));
  for (const [name, schema] of Object.entries(query?.properties ?? {})) {
    const required = query?.required?.includes(name) ?? false;
    result.push({ name, in: 'query', required, schema: refer(schema) });
  }
  if (one.idempotent) {
    result.push(headerParameter('Idempotency-Key', 'The same key with the same body is carried out once'));
  }
  if (takesIfMatch(one)) {
    result.push(headerParameter('If-Match', 'Carry out only at this revision (an ETag)'));
  }
  return result;
}

function requestBody(one: Route, refer: (schema: unknown) => unknown): Json {
  const schema = refer(one.body);
  const content: Record<string, Json> = { 'application/json': { schema } };
  if (one.method === 'PATCH') {
    content['application/merge-patch+json'] = { schema };
  }
  if (one.multipart) {
    content['multipart/form-data'] = { schema: formSchema(one.multipart) };
  }
  return { required: true, content };
}

const formSchema = (form: Multipart): Json => ({
  type: 'object',
  additionalProperties: false,
  properties: Object.fromEntries(
    Object.entries(form).map(([name, { boolean, file, field, maxBytes }]): [string, Json] => [
      name,
      {
        ...(boolean ? { type: 'boolean' } : { type: 'string', maxLength: maxBytes }),
        ...(file ? { contentMediaType: 'application/octet-stream' } : {}),
        ...(name === field ? {} : { description: `Stands for ${field}` }),
      },
    ]),
  ),
});

const successHeaders = (one: Route): Json => ({
  'X-Request-Id': header('Names this request in logs and in the log of events'),
  ...(one.limited === false
    ? {}
    : {
        'X-RateLimit-Limit': header('Requests a window'),
        'X-RateLimit-Remaining': header('Requests left in this window'),
        'X-RateLimit-Reset': header('End of the window in seconds since 1970'),
        'X-RateLimit-Window': header('Length of the window in seconds'),
      }),
});

function errorResponses(one: Route, refer: (schema: unknown) => unknown): Json {
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of errorsOf(one)) {
    byStatus.set(ERRORS[code].status, [...(byStatus.get(ERRORS[code].status) ?? []), code]);
  }
  return Object.fromEntries(
    [...byStatus].map(([status, codes]) => [
      status,
      {
        description: codes.map((code) => `${code}: ${ERRORS[code].meaning}`).join('. '),
        content: { 'application/json': { schema: refer(ErrorSchema) } },
      },
    ]),
  );
}
