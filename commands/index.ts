// SPDX-License-Identifier: Apache-2.0
import type { Route } from '../http/index.js';
import { type AgentCommandDeps, agentCommands } from './agent.js';
import { type CertificateCommandDeps, certificateCommands } from './certificate/index.js';
import { locationCommands } from './location.js';
import { organizationCommands } from './organization.js';
import { type RewindDeps, rewindCommands } from './rewind/index.js';
import { type SessionDeps, sessionCommands } from './session.js';
import { upstreamCommands } from './upstream.js';
import { upstreamServerCommands } from './upstream-server.js';
import { virtualHostCommands } from './virtual-host.js';
import { workspaceCommands } from './workspace.js';

export { destroyMaterial, readMaterial } from './certificate/index.js';
export type { CommandContext } from './context.js';
export { commandHandlers, type Handlers } from './handlers.js';
export { type Identity, identity, vaultKey } from './identity.js';
export { passwords } from './password.js';
export type { Locate } from './request.js';

/** Every route that changes something. */
export const writeRoutes = (
  deps: AgentCommandDeps & CertificateCommandDeps & RewindDeps & SessionDeps,
): Route[] => [
  ...sessionCommands(deps),
  ...organizationCommands(deps),
  ...workspaceCommands(deps),
  ...agentCommands(deps),
  ...upstreamCommands(deps),
  ...upstreamServerCommands(deps),
  ...virtualHostCommands(deps),
  ...locationCommands(deps),
  ...certificateCommands(deps),
  ...rewindCommands(deps),
];
