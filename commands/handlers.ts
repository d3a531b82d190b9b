// SPDX-License-Identifier: Apache-2.0
import * as domain from '../domain/index.js';
import { commandHandler, type Handler, type HandlerDeps } from './handler.js';

/** The command handler of each kind of stream. */
export interface Handlers {
  readonly organization: Handler<domain.OrganizationState, domain.OrganizationCommand>;
  readonly slug: Handler<domain.SlugState, domain.SlugCommand>;
  readonly workspace: Handler<domain.WorkspaceState, domain.WorkspaceCommand>;
  readonly agent: Handler<domain.AgentState, domain.AgentCommand>;
  readonly user: Handler<domain.UserState, domain.UserCommand>;
  readonly email: Handler<domain.HeldState, domain.HoldCommand>;
  readonly username: Handler<domain.HeldState, domain.HoldCommand>;
  readonly session: Handler<domain.SessionState, domain.SessionCommand>;
  readonly apiKey: Handler<domain.ApiKeyState, domain.ApiKeyCommand>;
}

export const commandHandlers = (deps: HandlerDeps): Handlers => ({
  organization: commandHandler(deps, domain.organization),
  slug: commandHandler(deps, domain.slug),
  workspace: commandHandler(deps, domain.workspace),
  agent: commandHandler(deps, domain.agent),
  user: commandHandler(deps, domain.user),
  email: commandHandler(deps, domain.email),
  username: commandHandler(deps, domain.username),
  session: commandHandler(deps, domain.session),
  apiKey: commandHandler(deps, domain.apiKey),
});
