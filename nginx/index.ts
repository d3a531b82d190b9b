export * from './bundler.js';
export {
  atLeast,
  FEATURES,
  type Feature,
  type NginxBuild,
  parseNginxVersion,
  supports,
} from './capabilities.js';
export * from './checks.js';
export { compile } from './compile.js';
export type { HostModel, Model, PortModel, UpstreamModel } from './compiled.js';
export { type FrameInput, type FramePaths, renderFrame } from './frame.js';
export * from './model.js';
export { type RefusalReason, RenderRefused } from './refusal.js';
export { explain, render } from './render.js';
export { selectorMatches, targetMatches } from './selector.js';
export { type Vulnerability, vulnerabilitiesOf } from './vulnerabilities.js';
