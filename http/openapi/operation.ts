// SPDX-License-Identifier: Apache-2.0
import { type TSchema, Uuid } from '../../schemas/index.js';
import { wireSchema } from '../dialect.js';
import type { Multipart } from '../multipart.js';
import { mediaType } from '../negotiate.js';
import { type Action, policyOf } from '../policy.js';
import { dialectOfRoute, paramNames, type Route, takesIfMatch } from '../route.js';
import type { Components, Json } from './components.js';
import { errorResponses } from './errors.js';
import { BODIES } from './examples.js';

const string = { type: 'string' };
const described = (description: string, example: unknown): Json => ({ description, schema: string, example });

const LIMIT_HEADERS: Json = {
  'X-RateLimit-Limit': described('Requests a window', '1000'),
  'X-RateLimit-Remaining': described('Requests left in this window', '950'),
  'X-RateLimit-Reset': described('End of the window in seconds since 1970', '1640995200'),
  'X-RateLimit-Window': described('Length of the window in seconds', '60'),
  'RateLimit-Policy': described('What is counted, how many a window, its seconds', '"principal";q=1000;w=60'),
  RateLimit: described('What is left, and the seconds until all is there again', '"principal";r=950;t=42'),
};

/** One route as an operation of OpenAPI. */
export function operation(one: Route, shared: Components): Json {
  const { success, accepted, permission } = one;
  // What an API key needs beside its maker's right.
  const scope = permission === 'public' ? undefined : policyOf(permission)?.[1];
  return {
    operationId: one.operationId,
    summary: one.summary,
    tags: [one.tag],
    'x-permission': one.permission,
    ...(scope === undefined ? {} : { 'x-scope': scope }),
    security: one.permission === 'public' ? [] : securityOf(one.permission, one.openTo !== undefined),
    parameters: parameters(one, shared),
    ...(one.body ? { requestBody: requestBody(one, shared) } : {}),
    responses: {
      [success.status]: {
        description: success.description ?? one.summary,
        headers: successHeaders(one, shared),
        ...successContent(one, success.schema, shared),
      },
      ...(accepted ? { 202: acceptedResponse(one, accepted, shared) } : {}),
      ...errorResponses(one, shared),
    },
  };
}

/** What is for people takes no API key. */
const securityOf = (permission: Action, open: boolean): Json[] => [
  ...(open ? [{}] : []),
  { bearer: [] },
  ...(policyOf(permission)?.[1] === undefined ? [] : [{ apiKey: [] }]),
];

function successContent(one: Route, schema: TSchema | undefined, shared: Components): Json {
  const { contentType } = one.success;
  if (contentType !== undefined) {
    const type = mediaType(contentType);
    // JSON that the handler has written itself.
    const own = type === 'application/json' ? { type: 'object' } : string;
    return { content: { [type]: { schema: own } } };
  }
  const wire = wireSchema(dialectOfRoute(one), schema);
  return wire
    ? { content: { 'application/json': { schema: shared.schema(wire), example: shared.example(wire) } } }
    : {};
}

const acceptedResponse = (one: Route, accepted: TSchema, shared: Components): Json => ({
  description: 'It goes on; `Location` says where to look',
  headers: {
    ...successHeaders(one, shared),
    Location: shared.header('Location', described('The operation', '/v1/operations/770e8400-…')),
  },
  ...successContent({ ...one, success: { status: 202 } }, accepted, shared),
});

function parameters(one: Route, shared: Components): Json[] {
  const query = one.query as { properties?: Record<string, unknown>; required?: string[] } | undefined;
  const result: Json[] = paramNames(one.path).map((name) => ({
    name,
    in: 'path',
    required: true,
    schema: shared.schema(one.params?.[name] ?? Uuid),
  }));
  for (const [name, schema] of Object.entries(query?.properties ?? {})) {
    const required = query?.required?.includes(name) ?? false;
    result.push({ name, in: 'query', required, schema: shared.schema(schema) });
  }
  const headers = [
    ...(one.idempotent ? [['Idempotency-Key', 'The same key with the same body is carried out once']] : []),
    ...(takesIfMatch(one) ? [['If-Match', 'Carry out only at this revision (an ETag)']] : []),
    ...(one.accepted ? [['Prefer', '`respond-async`: answer 202 at once, or after `wait=<seconds>`']] : []),
  ];
  for (const [name, description] of headers) {
    result.push({ name, in: 'header', description, schema: string });
  }
  return result;
}

function requestBody(one: Route, shared: Components): Json {
  const operationId = one.operationId.replace(/^platform(.)/, (_, first: string) => first.toLowerCase());
  const example = Object.hasOwn(BODIES, operationId) ? BODIES[operationId] : shared.example(one.body);
  const media = { schema: shared.schema(one.body), example };
  const content: Record<string, Json> = { 'application/json': media };
  if (one.method === 'PATCH') {
    content['application/merge-patch+json'] = media;
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

function successHeaders(one: Route, shared: Components): Json {
  const all: Json = {
    'X-Request-Id': described('Names this request in logs and in the log of events', 'req-abc-123'),
    ...(one.limited === false ? {} : LIMIT_HEADERS),
  };
  return Object.fromEntries(
    Object.entries(all).map(([name, header]) => [name, shared.header(name, header as Json)]),
  );
}
