// SPDX-License-Identifier: Apache-2.0
import { sha256 } from '../kernel/index.js';
import { components, type Json } from './openapi/components.js';
import { operation } from './openapi/operation.js';
import { tagsOf } from './openapi/tags.js';
import { type Route, route } from './route.js';

export interface OpenApiDocument {
  readonly openapi: '3.1.0';
  readonly info: Json;
  readonly paths: Readonly<Record<string, Record<string, Json>>>;
  readonly components: Readonly<Record<string, Json>>;
  readonly [key: string]: unknown;
}

const DESCRIPTION = `Control plane for fleets of nginx.

\`/v1\` answers a resource as it is and a list as \`{data, meta}\`; \`/api/v1\` wraps everything in
\`{success, data, message, timestamp, request_id}\`. Both are made from one table of routes, as is this description.`;

/** OpenAPI 3.1 made from the table of routes. The same routes give the same document to the byte. */
export function openApi(routes: readonly Route[], version: string): OpenApiDocument {
  const shared = components();
  const paths: Record<string, Record<string, Json>> = {};
  for (const one of routes) {
    paths[one.path] = { ...paths[one.path], [one.method.toLowerCase()]: operation(one, shared) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'NxMesh',
      version,
      description: DESCRIPTION,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    security: [{ bearer: [] }, { apiKey: [] }],
    tags: tagsOf(routes.map((one) => one.tag)),
    paths,
    components: {
      ...shared.all(),
      securitySchemes: {
        bearer: {
          type: 'http',
          scheme: 'bearer',
          description: 'An access token that `login` gave, or an API key',
        },
        apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key', description: 'An API key' },
      },
    },
  };
}

const TYPE = 'application/json; charset=utf-8';

/** Serves the description at both of its addresses; made into bytes once. */
export function openApiRoutes(document: () => OpenApiDocument): Route[] {
  let made: { data: string; revision: bigint } | undefined;
  const served = () => {
    if (!made) {
      const data = JSON.stringify(document());
      made = { data, revision: BigInt(`0x${sha256(data).slice(0, 15)}`) };
    }
    return made;
  };
  return [
    ['getOpenApi', '/openapi.json'],
    ['getOpenApiOfVersion', '/v1/openapi.json'],
  ].map(([operationId = '', path = '']) =>
    route({
      method: 'GET',
      path,
      operationId,
      summary: 'This description of the API',
      tag: 'Documentation',
      permission: 'public',
      success: { status: 200, contentType: TYPE },
      handler: () => {
        const { data, revision } = served();
        return { content: { type: TYPE, data }, revision };
      },
    }),
  );
}
