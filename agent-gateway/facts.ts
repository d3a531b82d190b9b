// SPDX-License-Identifier: Apache-2.0
import type { Capabilities } from '../nginx/index.js';
import { DeploymentMode, type RegistrationRequest } from '../proto/index.js';
import type { AgentFacts, NginxBuild } from '../schemas/index.js';
import { line } from './words.js';

function deploymentMode(mode: DeploymentMode): AgentFacts['deployment_mode'] {
  // An enum of protobuf may hold any number: what we do not know runs alone, as far as we can tell.
  switch (mode) {
    case DeploymentMode.DOCKER_SIDECAR:
      return 'docker_sidecar';
    case DeploymentMode.KUBERNETES_SIDECAR:
      return 'kubernetes_sidecar';
    default:
      return 'standalone';
  }
}

/** What an agent says of itself, as it may be recorded. Labels are not among it: those are the workspace's to set. */
export const factsOf = (request: RegistrationRequest): AgentFacts => ({
  hostname: line(request.hostname, 253),
  ip_address: line(request.ipAddress, 64),
  version: line(request.version, 64),
  deployment_mode: deploymentMode(request.deploymentMode),
  capabilities: request.capabilities.slice(0, 256).map((one) => line(one, 64)),
  nginx_version: line(request.nginxVersion, 32),
});

const VERSION = /^[0-9]{1,4}\.[0-9]{1,4}\.[0-9]{1,4}$/;
const MODULE = /^[a-z0-9_]{1,64}$/;
const ROOT_NAME = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/;
const ABSOLUTE = /^(\/[A-Za-z0-9._+@-]+)*\/?$/;
const MAX_PATH = 512;

const isPath = (path: string): boolean =>
  path.length <= MAX_PATH && path.startsWith('/') && ABSOLUTE.test(path) && !path.split('/').includes('..');

/** What the agent's nginx can do; undefined when it takes no files; `invalid` names the field that cannot be used. */
export function capabilitiesOf(request: RegistrationRequest): Capabilities | undefined | { invalid: string } {
  if (request.nginxVersion === '') {
    return undefined;
  }
  if (!VERSION.test(request.nginxVersion)) {
    return { invalid: 'nginx_version' };
  }
  if (request.bundlePrefix !== '' && !isPath(request.bundlePrefix)) {
    return { invalid: 'bundle_prefix' };
  }
  const roots = Object.entries(request.webRoots);
  if (roots.length > 64 || !roots.every(([name, path]) => ROOT_NAME.test(name) && isPath(path))) {
    return { invalid: 'web_roots' };
  }
  // A module that we have no name for is one that we do not use.
  const modules = [...new Set(request.nginxModules.filter((name) => MODULE.test(name)))].sort().slice(0, 512);
  return {
    nginxVersion: request.nginxVersion,
    modules,
    bundlePrefix: request.bundlePrefix,
    webRoots: Object.fromEntries(roots),
  };
}

/** The same, as it is recorded: with it, what was rendered can be rendered again. */
export const buildOf = (capabilities: Capabilities): NginxBuild => ({
  nginx_version: capabilities.nginxVersion,
  modules: [...capabilities.modules],
  bundle_prefix: capabilities.bundlePrefix,
  web_roots: { ...capabilities.webRoots },
});

const SHA256 = /^[0-9a-f]{64}$/;

export const heldFiles = (request: RegistrationRequest): ReadonlySet<string> =>
  new Set(request.heldFiles.filter((hash) => SHA256.test(hash)));

/** Empty when the agent proves nothing. */
export const provenDigest = (request: RegistrationRequest): string =>
  SHA256.test(request.runningDigest) ? request.runningDigest : '';
