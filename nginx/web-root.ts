// SPDX-License-Identifier: Apache-2.0
import type { Capabilities } from './model.js';
import type { RefusalReason } from './refusal.js';

/** Folders of the system: an agent that declares one of these as a web root is mistaken. */
const SYSTEM = /^\/(?:$|(?:bin|boot|dev|etc|lib|lib64|proc|root|run|sbin|sys|var\/lib\/nxmesh)(?:\/|$))/;

/** The path that the agent declared for a web root. */
export function webRootPath(
  name: string,
  { webRoots }: Capabilities,
  refuse: (reason: RefusalReason, message: string) => never,
): string {
  const path = Object.hasOwn(webRoots, name) ? webRoots[name] : undefined;
  if (path === undefined) {
    return refuse('WEB_ROOT_UNKNOWN', `the agent has no web root ${name}`);
  }
  const segments = path.split('/');
  if (SYSTEM.test(path.replace(/\/{2,}/g, '/')) || segments.includes('..') || segments.includes('.')) {
    return refuse('WEB_ROOT_INVALID', `the agent's web root ${name} is a folder of the system`);
  }
  return path;
}
