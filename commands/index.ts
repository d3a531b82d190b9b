// SPDX-License-Identifier: Apache-2.0
import type { Route } from '../http/index.js';
import { type AgentCommandDeps, agentCommands } from './agent.js';
import { type ApiKeyDeps, apiKeyCommands } from './api-key/routes.js';
import { type CertificateCommandDeps, certificateCommands } from './certificate/index.js';
import { eventCommands } from './event.js';
import { type InvitationCommandDeps, invitationCommands } from './invitation/index.js';
import { locationCommands } from './location.js';
import { type MemberCommandDeps, memberCommands } from './member.js';
import { organizationCommands } from './organization.js';
import { type RewindDeps, rewindCommands } from './rewind/index.js';
import { type SessionDeps, sessionCommands } from './session/routes.js';
import { type SigningKeyDeps, signingKeyCommands } from './signing-key.js';
import { upstreamCommands } from './upstream.js';
import { upstreamServerCommands } from './upstream-server.js';
import { type UserDeps, userCommands } from './user/routes.js';
import { virtualHostCommands } from './virtual-host.js';
import { workspaceCommands } from './workspace.js';

export { destroyMaterial, destroyUnsaid, readMaterial } from './certificate/index.js';
export type { CommandContext } from './context.js';
export { commandHandlers, type Handlers } from './handlers.js';
export { type Identity, identity } from './identity.js';
export { destroyAddress, invitedAddress } from './invitation/index.js';
export { endMemberships } from './member.js';
export type { Locate } from './request.js';
export { type Sessions, sessions } from './session/sessions.js';
export { type RefreshTokens, refreshTokens } from './session/tokens.js';
export { type Accounts, accounts } from './user/accounts.js';
export { erasure } from './user/erasure.js';
export { names } from './user/names.js';
export { passwords } from './user/password.js';
export { type PersonalRecords, type Profile, personalRecords, vaultKey } from './user/personal.js';

/** Every route that changes something. */
export const writeRoutes = (
  deps: AgentCommandDeps &
    CertificateCommandDeps &
    RewindDeps &
    SessionDeps &
    UserDeps &
    ApiKeyDeps &
    SigningKeyDeps &
    MemberCommandDeps &
    InvitationCommandDeps,
): Route[] => [
  ...sessionCommands(deps),
  ...userCommands(deps),
  ...apiKeyCommands(deps),
  ...signingKeyCommands(deps),
  ...organizationCommands(deps),
  ...memberCommands(deps),
  ...invitationCommands(deps),
  ...workspaceCommands(deps),
  ...agentCommands(deps),
  ...upstreamCommands(deps),
  ...upstreamServerCommands(deps),
  ...virtualHostCommands(deps),
  ...locationCommands(deps),
  ...certificateCommands(deps),
  ...rewindCommands(deps),
  ...eventCommands(deps),
];
