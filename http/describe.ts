// SPDX-License-Identifier: Apache-2.0
import { type OpenApiDocument, openApi, openApiRoutes } from './openapi.js';
import { pageRoutes } from './pages.js';
import type { Route } from './route.js';

/** The table with the routes that describe it, and the description of all of them. */
export function described(
  given: readonly Route[],
  version: string,
): { readonly routes: readonly Route[]; readonly document: OpenApiDocument } {
  const routes: readonly Route[] = [...given, ...openApiRoutes(() => document), ...pageRoutes()];
  const document = openApi(routes, version);
  return { routes, document };
}
