// SPDX-License-Identifier: Apache-2.0
export type { Log } from './access-log.js';
export { type HttpApp, type HttpAppDeps, httpApp } from './app.js';
export * from './authorize.js';
export * from './errors.js';
export * from './jwt.js';
export * from './login-limit.js';
export type { Multipart } from './multipart.js';
export { type OpenApiDocument, openApi } from './openapi.js';
export * from './pagination.js';
export type { Authenticate } from './pipeline.js';
export * from './policy.js';
export * from './preconditions.js';
export type { RateLimit } from './rate-limit.js';
export * from './route.js';
export * from './server.js';
