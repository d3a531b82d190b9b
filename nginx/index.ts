// SPDX-License-Identifier: Apache-2.0
/**
 * From resources to the files that one agent's nginx reads. Pure: the same input gives the same bytes everywhere.
 *
 * What is decided here without being asked, because nginx by itself would do something worse:
 * - a name that no host has is answered with 421 on every port, and its TLS handshake is refused;
 * - a path that no location answers is a 404, never a file of nginx's own default root;
 * - upstreams of the same content are one block, whoever wrote them; a literal URL is such an upstream too;
 * - upstreams are told Host, X-Real-IP, X-Forwarded-For, -Proto and -Host, and upgrades are passed on;
 * - headers are repeated whole on every level that sets one, so that none is lost;
 * - rewrites keep their captures by name, and requests whose decoded path could break a header or query get a 400.
 */
export * from './bundler.js';
export { atLeast, type Feature, type NginxBuild, parseNginxVersion, supports } from './capabilities.js';
export * from './checks.js';
export { compile, compileHost } from './compile.js';
export type { HostModel } from './compiled.js';
export { type FrameInput, renderFrame } from './frame.js';
export { LOG_FIELDS, type LogField } from './log-format.js';
export * from './model.js';
export { type RefusalReason, RenderRefused } from './refusal.js';
export { explain, render } from './render.js';
export { targetMatches } from './selector.js';
export { type Socket, socketsOf, speaksTls } from './sockets.js';
export { NO_SUBSTITUTES, type Substitutes } from './substitutes.js';
